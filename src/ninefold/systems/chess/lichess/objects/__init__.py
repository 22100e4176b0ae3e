"""The objects of Lichess's API, and how Ninefold's games, challenges and players become them: without I/O.

A field that is None is left out, as Lichess leaves it out.
"""

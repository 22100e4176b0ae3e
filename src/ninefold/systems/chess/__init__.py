"""Chess: two people play by moves that the server checks and commits, while others watch.

Lichess's API is spoken at the root of the server, so that its clients work.
"""

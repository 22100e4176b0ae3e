"""Lichess's API at the root of the server, for Lichess's own clients.

It only translates. Its games, challenges, seeks and players are those of Ninefold's own API, with the same ids and the
same services behind. Lichess calls a game's `short_id` its id, and a player's name in lower case the id of the user.
"""

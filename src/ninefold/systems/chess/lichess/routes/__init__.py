"""The routes of Lichess's API."""

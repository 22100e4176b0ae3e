"""The HTTP routes of chess in Ninefold's own API."""

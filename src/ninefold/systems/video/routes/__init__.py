"""The HTTP routes of video in Ninefold's own API."""

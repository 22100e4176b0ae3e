"""The routes of Ninefold's own API for the assistant."""

"""The routes of workflows in Ninefold's own API."""

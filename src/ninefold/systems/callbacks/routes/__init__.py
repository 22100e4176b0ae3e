"""The HTTP routes of callbacks, and the ingest of callbacks themselves."""

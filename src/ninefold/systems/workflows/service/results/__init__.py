"""What jobs leave behind: artifacts, caches, and the contents of both."""

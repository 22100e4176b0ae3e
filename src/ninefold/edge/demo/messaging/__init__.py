"""`ninefold demo messaging`: three members and a bot talk over the public APIs, and every device ends with the log."""

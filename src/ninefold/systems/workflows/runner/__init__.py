"""`ninefold runner`: claims jobs from a server, runs them on this machine, and says what happens."""

"""What callbacks do; each function takes a connection and never commits."""

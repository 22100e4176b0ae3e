"""What chess does, inside the caller's transaction."""

"""What workflows do, in the transactions of their callers."""

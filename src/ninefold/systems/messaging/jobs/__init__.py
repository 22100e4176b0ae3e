"""What processes do besides answering requests."""

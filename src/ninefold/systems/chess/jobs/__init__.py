"""What workers do for chess."""

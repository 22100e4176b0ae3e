"""What workers do for video."""

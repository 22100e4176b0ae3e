"""What workers do for workflows."""

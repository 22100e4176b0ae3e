"""What workers do for payments in the background."""

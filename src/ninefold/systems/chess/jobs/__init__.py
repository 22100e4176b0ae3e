"""What workers do for chess: they end games in time."""

"""What workers do for callbacks: verify them, and the durable jobs."""

"""The pure functions of webhook delivery. They do no I/O; time and randomness are arguments."""

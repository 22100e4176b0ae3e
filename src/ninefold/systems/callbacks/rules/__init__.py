"""The rules of callbacks: pure functions of their arguments."""

"""The pure part of webhook delivery: time and randomness come in as arguments, nothing is read or written."""

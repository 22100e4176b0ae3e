"""What webhook delivery does, inside the caller's transaction. Services never commit."""

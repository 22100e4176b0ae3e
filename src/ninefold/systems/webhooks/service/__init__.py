"""The operations of webhook delivery. They run in the caller's transaction and never commit."""

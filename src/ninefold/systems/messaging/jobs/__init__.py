"""The durable jobs of messaging."""

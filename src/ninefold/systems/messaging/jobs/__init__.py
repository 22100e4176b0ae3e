"""The durable jobs of messaging, and what its servers do besides answering requests."""

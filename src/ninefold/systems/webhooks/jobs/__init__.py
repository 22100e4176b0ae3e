"""The jobs of a worker: claim events, attempt their deliveries, and record the outcomes."""

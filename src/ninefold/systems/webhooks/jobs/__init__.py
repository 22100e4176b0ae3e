"""What a worker does for webhook delivery: claims events, attempts their deliveries, records the outcomes."""

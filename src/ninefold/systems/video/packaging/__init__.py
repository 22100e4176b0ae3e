"""What players read, as pure functions: timelines and manifests."""

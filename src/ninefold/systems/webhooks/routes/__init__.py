"""The HTTP API of webhook delivery: wire types, and handlers that each open one transaction."""

"""The HTTP API of webhook delivery: wire types, and handlers that open one transaction each."""

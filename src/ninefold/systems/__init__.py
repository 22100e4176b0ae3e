"""The systems, one package each. They never import one another."""

"""The queries of callbacks, one typed function each."""

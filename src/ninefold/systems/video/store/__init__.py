"""The queries of schema `video`, one typed function each."""

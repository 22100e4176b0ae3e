"""The queries of the assistant, one typed function each, by table."""

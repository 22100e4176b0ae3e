"""The queries of video, one typed function each."""

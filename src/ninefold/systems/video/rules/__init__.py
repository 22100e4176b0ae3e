"""Rules of video, without input and output."""

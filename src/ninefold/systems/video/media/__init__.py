"""Runs ffmpeg: finds out what a source is, splits it, encodes it, makes pictures of it. Has no database."""

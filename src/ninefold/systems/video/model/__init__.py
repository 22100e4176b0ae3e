"""What the parts of video are, as frozen data."""

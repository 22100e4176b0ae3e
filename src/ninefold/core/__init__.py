"""What every system stands on. Knows no domain word, and imports no system."""

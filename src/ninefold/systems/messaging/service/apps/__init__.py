"""What apps are, what they are told, and what they do."""

"""Video: takes uploads, encodes them in several qualities, delivers them to players, and knows what people watch."""

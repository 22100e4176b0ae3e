"""Pure functions: what follows from amounts, states and times."""

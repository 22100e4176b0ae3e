"""A simulated processor: a process of its own, which does what tokens and amounts say, and the rest by a seed."""

"""The fleet: which job is whose turn, who runs it, and what runners say about it."""

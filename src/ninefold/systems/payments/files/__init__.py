"""The files that are exchanged with banks: how they are written and read, without I/O."""

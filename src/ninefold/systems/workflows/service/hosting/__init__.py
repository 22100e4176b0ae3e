"""The bare repositories on the disk: their folders, their locks, and the program git that works on them."""

"""`ninefold demo video`: a clip is played while it is still uploaded and encoded, and a worker is killed meanwhile."""

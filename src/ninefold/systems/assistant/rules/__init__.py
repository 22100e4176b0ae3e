"""Rules without I/O: what events a response has, who is served next, how much a model gets."""

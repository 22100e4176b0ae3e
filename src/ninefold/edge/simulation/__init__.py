"""Clients on a simulated bad network, and processes to kill: for demos, and for the simulators in `bench/`."""

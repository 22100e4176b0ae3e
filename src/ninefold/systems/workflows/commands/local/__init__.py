"""Runs workflows of a checkout on this machine, without a server: `ninefold workflows run`."""

"""`ninefold demo chess`: two bots play over the public API on a bad network, and a spectator watches."""

"""The routes of payments in Ninefold's own API, and what processors and customers call."""

"""The composition root: command line, HTTP server, worker, supervisor. It imports everything and decides nothing."""

"""The composition root: command line, HTTP server, worker, supervisor. Knows everything, decides nothing."""

"""Plans runs: what an event starts, which jobs a run has, and when each starts. Pure: no database, no files."""

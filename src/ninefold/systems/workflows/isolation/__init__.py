"""Isolation of jobs: each runs in a sandbox of its own, as another user, with limits, and without a network.

`host.IsolationHost` takes the place of `run_job`. The package doesn't know where jobs come from. Nothing is imported
here, since each job starts a process with `executor`, which needs little of it.
"""

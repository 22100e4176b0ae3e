"""Runs: a run's state is its log. The planner is replayed from it, and what it decides is written in one transaction.

`triggers` starts runs, `transitions` takes what happens with their jobs, `orders` says what a job needs to run.
"""

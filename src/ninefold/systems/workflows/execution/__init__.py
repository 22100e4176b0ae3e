"""Runs one job on this machine, and says what it does while it runs; needs no database.

`run_job` takes a `JobOrder`, tells a `JobReport` what happens, and returns a `JobResult`.
"""

"""Workflows: reads workflow files of GitHub Actions, plans their jobs, and runs them."""

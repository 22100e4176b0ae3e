"""Reads workflow files and actions by GitHub's published grammar, into the data of `model`."""

"""Decisions of video without any I/O."""

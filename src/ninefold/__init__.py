"""Ninefold: back-end systems that product teams keep rebuilding, as one self-hosted service."""

from importlib.metadata import version

__version__ = version("ninefold")

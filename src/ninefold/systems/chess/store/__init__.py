"""Typed functions for the queries of chess, by what they are about."""

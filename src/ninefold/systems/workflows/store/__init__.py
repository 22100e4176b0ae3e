"""The queries of workflows as typed functions."""

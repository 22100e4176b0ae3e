"""Callbacks: third parties call URLs of ours; each call is kept as it came, verified, deduplicated, and passed on.

Sending webhooks to others is not part of this system: it passes verified callbacks on through `contracts/webhooks.py`.
"""

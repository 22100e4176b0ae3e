"""Callbacks: receive the webhooks of third parties, verify them, and pass them on."""

"""Webhook delivery: sends events, signed, to every matching subscription, and retries until the receiver answers 2xx.

Requests follow Standard Webhooks 1.0. Receiving webhooks from others is not part of this system.
"""

"""Webhook delivery: events go out, signed, to every subscription that wants them, until each has answered 2xx.

It speaks Standard Webhooks 1.0 to receivers. Receiving other people's webhooks is another system's job.
"""

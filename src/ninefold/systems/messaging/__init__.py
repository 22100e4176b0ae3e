"""Messaging: members of an organisation write to each other in channels, and each channel has one order.

Slack's API is spoken below `/slack/api`, so that its clients work.
"""

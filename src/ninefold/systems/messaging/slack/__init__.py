"""Slack's Web API, for Slack's own clients: another way to say what messaging's services do."""

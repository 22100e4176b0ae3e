"""What messaging does, for its own API and for Slack's."""

"""How Slack's apps are told what happens, and how they answer: Socket Mode, the Events API, RTM, views and webhooks."""

"""The methods of Slack's API, by their families."""

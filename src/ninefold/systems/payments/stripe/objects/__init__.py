"""The objects of Stripe's API, as dictionaries that are encoded as JSON."""

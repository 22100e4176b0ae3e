"""The endpoints of Stripe's API, one module for each object."""

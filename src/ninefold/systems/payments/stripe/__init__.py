"""Stripe's API: a surface that translates, and decides nothing."""

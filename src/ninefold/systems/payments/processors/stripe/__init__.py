"""The processor Stripe: its API over HTTP, its webhooks, and its balance transactions as settlement report."""

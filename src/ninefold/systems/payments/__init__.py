"""Payments: a payment is forwarded to a processor, its funds are held, and once a day they are settled to the bank.

Every movement of money is a transfer in a ledger with double entry. Stripe's API is spoken below `/stripe`, so that its
clients work.
"""

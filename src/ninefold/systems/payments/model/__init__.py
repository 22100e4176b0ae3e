"""Money, merchants, payments and the ledger, as frozen data."""

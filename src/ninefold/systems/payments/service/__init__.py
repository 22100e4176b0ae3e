"""What payments do: merchants, the ledger, and the steps of a payment."""

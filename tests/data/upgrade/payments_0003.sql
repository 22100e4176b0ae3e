-- Another transfer, as the journal has it without the transaction.
SELECT payments.post_transfers(
    '[]',
    '[{"transfer_id": "01930000-0000-7000-8000-00000000f0b2", "organisation_id":
        "01930000-0000-7000-8000-000000000001", "kind": "posted", "debit_account_id":
        "01930000-0000-7000-8000-00000000f0a1", "credit_account_id": "01930000-0000-7000-8000-00000000f0a2",
        "amount": 2000, "currency": "USD", "cause_type": "capture", "cause_id":
        "01930000-0000-7000-8000-00000000f005", "leg": 10, "at": "2026-11-27T12:00:00Z"}]'
);

-- A transfer that creates both of its accounts.
SELECT payments.post_transfers(
    '[{"account_id": "01930000-0000-7000-8000-00000000f0d1", "organisation_id":
        "01930000-0000-7000-8000-000000000001", "merchant_id": null, "kind": "bank", "currency": "EUR"},
      {"account_id": "01930000-0000-7000-8000-00000000f0d2", "organisation_id":
        "01930000-0000-7000-8000-000000000001", "merchant_id": null, "kind": "suspense", "currency": "EUR"}]',
    '[{"transfer_id": "01930000-0000-7000-8000-00000000f0d3", "organisation_id":
        "01930000-0000-7000-8000-000000000001", "kind": "posted", "debit_account_id":
        "01930000-0000-7000-8000-00000000f0d1", "credit_account_id": "01930000-0000-7000-8000-00000000f0d2",
        "amount": 700, "currency": "EUR", "cause_type": "bank_difference", "cause_id":
        "01930000-0000-7000-8000-00000000f0d4", "leg": 0, "at": "2026-11-27T12:00:00Z"}]'
);

-- A merchant with a key, a payment that was captured and refunded, its journal in one block, and a request's answer.
INSERT INTO payments.merchant (merchant_id, organisation_id, name, created_at)
VALUES ('01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-000000000001', 'Bakery', now());

INSERT INTO payments.merchant_key (credential_id, merchant_id)
SELECT credential_id, '01930000-0000-7000-8000-00000000f001'
FROM tenancy.credential
ORDER BY credential_id
LIMIT 1;

INSERT INTO payments.customer (customer_id, merchant_id, email, created_at)
VALUES (
    '01930000-0000-7000-8000-00000000f002', '01930000-0000-7000-8000-00000000f001', 'ines@example.com', now()
);

INSERT INTO payments.payment_method (
    payment_method_id, merchant_id, customer_id, token, brand, last4, exp_month, exp_year, created_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f003', '01930000-0000-7000-8000-00000000f001',
    '01930000-0000-7000-8000-00000000f002', 'pm_card_visa', 'visa', '4242', 12, 2034, now()
);

INSERT INTO payments.intent (
    intent_id, organisation_id, merchant_id, state, amount, currency, capture_method, amount_received, customer_id,
    payment_method_id, latest_charge_id, client_secret, created_at, updated_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f004', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', 'succeeded', 2000, 'USD', 'automatic', 2000,
    '01930000-0000-7000-8000-00000000f002', '01930000-0000-7000-8000-00000000f003',
    '01930000-0000-7000-8000-00000000f005', 'pi_1_secret_1', now(), now()
);

INSERT INTO payments.intent_event (intent_id, version, type, at)
VALUES ('01930000-0000-7000-8000-00000000f004', 1, 'created', now());

SELECT payments.post_transfers(
    '[
        {"account_id": "01930000-0000-7000-8000-00000000f0a1", "organisation_id":
            "01930000-0000-7000-8000-000000000001", "merchant_id": null, "kind": "processor_receivable",
            "currency": "USD"},
        {"account_id": "01930000-0000-7000-8000-00000000f0a2", "organisation_id":
            "01930000-0000-7000-8000-000000000001", "merchant_id": "01930000-0000-7000-8000-00000000f001",
            "kind": "merchant_pending", "currency": "USD"}
    ]',
    '[{"transfer_id": "01930000-0000-7000-8000-00000000f0b1", "organisation_id":
        "01930000-0000-7000-8000-000000000001", "kind": "pending", "debit_account_id":
        "01930000-0000-7000-8000-00000000f0a1", "credit_account_id": "01930000-0000-7000-8000-00000000f0a2",
        "amount": 2000, "currency": "USD", "cause_type": "authorise", "cause_id":
        "01930000-0000-7000-8000-00000000f005", "leg": 0, "at": "2026-11-27T12:00:00Z"}]'
);

INSERT INTO payments.journal_block (
    organisation_id, number, first_sequence, last_sequence, transfer_count, previous_hash, hash, sealed_at
)
SELECT organisation_id, 1, sequence, sequence, 1, sha256(''), sha256('1'), now()
FROM payments.transfer;

INSERT INTO payments.charge (
    charge_id, organisation_id, merchant_id, intent_id, payment_method_id, state, amount, currency, amount_captured,
    amount_refunding, hold_id, processor_reference, created_at, captured_at, available_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f005', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-00000000f004',
    '01930000-0000-7000-8000-00000000f003', 'succeeded', 2000, 'USD', 2000, 500,
    '01930000-0000-7000-8000-00000000f0b1', 'sim_1', now(), now(), now()
);

INSERT INTO payments.refund (
    refund_id, organisation_id, merchant_id, intent_id, charge_id, state, amount, currency, created_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f006', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-00000000f004',
    '01930000-0000-7000-8000-00000000f005', 'pending', 500, 'USD', now()
);

INSERT INTO payments.attempt (
    attempt_id, organisation_id, merchant_id, intent_id, charge_id, refund_id, processor, operation, state, amount,
    currency, authorisation_reference, created_at, in_doubt_since, next_inquiry_at, deadline_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f007', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-00000000f004',
    '01930000-0000-7000-8000-00000000f005', '01930000-0000-7000-8000-00000000f006', 'simulator', 'refund', 'in_doubt',
    500, 'USD', 'sim_1', now(), now(), now(), now()
);

INSERT INTO payments.idempotency_key (
    merchant_id, key, request_hash, method, path, state, request_id, status, body, created_at, finished_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f001', 'order-1', sha256('1'), 'POST', '/stripe/v1/refunds', 'done', 'req_1', 200,
    '{}', now(), now()
);

-- An endpoint of the merchant, and an event that it hasn't got yet.
INSERT INTO payments.webhook_endpoint (
    webhook_endpoint_id, organisation_id, merchant_id, subscription_id, url, enabled_events, created_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f401', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-00000000f402', 'https://shop.example/stripe',
    '{"*"}', now()
);

INSERT INTO payments.event (event_id, organisation_id, merchant_id, type, snapshot, created_at)
VALUES (
    '01930000-0000-7000-8000-00000000f403', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', 'customer.created',
    '{"customer": {"customer_id": "01930000-0000-7000-8000-00000000f002", "merchant_id":
        "01930000-0000-7000-8000-00000000f001", "email": "ines@example.com", "name": null, "phone": null,
        "description": null, "metadata": {}, "default_payment_method_id": null, "created_at": "2026-11-27T12:00:00Z",
        "deleted_at": null}}',
    now()
);

-- An event of a request, with what there was before.
INSERT INTO payments.event (
    event_id, organisation_id, merchant_id, type, snapshot, previous, request_id, idempotency_key, created_at
)
SELECT
    '01930000-0000-7000-8000-00000000f701', organisation_id, merchant_id, 'customer.updated', snapshot, snapshot,
    'req_1', 'key-1', now()
FROM payments.event
WHERE event_id = '01930000-0000-7000-8000-00000000f403';

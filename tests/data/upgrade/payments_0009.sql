-- What webhook delivery calls the bakery's events.
INSERT INTO payments.event_forward (event_id, webhook_endpoint_id, url, webhook_event_id)
SELECT
    event_id,
    '01930000-0000-7000-8000-00000000f0e1',
    'https://shop.example/hooks',
    '01930000-0000-7000-8000-00000000f0e2'
FROM payments.event;

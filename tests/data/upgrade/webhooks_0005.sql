-- A subscription whose URL was changed between two attempts of a delivery, the first of which failed.
INSERT INTO webhooks.subscription (subscription_id, organisation_id, url, url_revision, event_types, description)
VALUES (
    '019b7760-5000-7000-8000-000000000055', '019b7760-0000-7000-8000-0000000000a1', 'https://example.com/new', 2,
    ARRAY['order.*'], ''
);

INSERT INTO webhooks.subscription_url (subscription_id, url_revision, url)
VALUES
    ('019b7760-5000-7000-8000-000000000055', 1, 'https://example.com/former'),
    ('019b7760-5000-7000-8000-000000000055', 2, 'https://example.com/new');

INSERT INTO webhooks.signing_secret (signing_secret_id, subscription_id, key)
VALUES ('019b7760-5000-7000-8000-0000000000c5', '019b7760-5000-7000-8000-000000000055', '\x00112233445566778899aabbccddeeff');

INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at
)
VALUES (
    '019b7760-5000-7000-8000-0000000000e9', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'dispatched', now()
);

INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, created_at, finished_at, last_attempted_at, last_duration_ms, last_response_status,
    is_last_response_body_truncated, last_url_revision, last_timings_ms
)
VALUES (
    '019b7760-5000-8000-8000-0000000000d8', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-5000-7000-8000-0000000000e9', '019b7760-5000-7000-8000-000000000055', 'delivered', 2, 2, now(), now(),
    now(), now(), 3.5, 204, FALSE, 2, NULL
);

INSERT INTO webhooks.earlier_attempt (
    delivery_id, attempt_number, attempted_at, duration_ms, response_status, is_response_body_truncated, error_class,
    error_detail, url_revision, timings_ms
)
VALUES (
    '019b7760-5000-8000-8000-0000000000d8', 1, now(), 12.5, NULL, FALSE, 'connect_failed',
    'example.com:443 can''t be reached: Connection refused.', 1, ARRAY[2, 10.5, NULL, NULL, NULL]
);

-- A paused subscription of a customer with limits of its own, and a delivery that waits for it.
INSERT INTO webhooks.subscription (
    subscription_id, organisation_id, url, event_types, description, subscriber_id, paused_at, pause_reason,
    rate_limit_per_s, in_flight_max, retry_delays_s, retry_preset
)
VALUES (
    '019b7760-4000-7000-8000-000000000054', '019b7760-0000-7000-8000-0000000000a1', 'https://example.com/paused',
    ARRAY['order.*'], '', 'customer-7', now(), 'gone', 5, 2, ARRAY[5, 300], NULL
);

INSERT INTO webhooks.signing_secret (signing_secret_id, subscription_id, key)
VALUES ('019b7760-4000-7000-8000-0000000000c4', '019b7760-4000-7000-8000-000000000054', '\x00112233445566778899aabbccddeeff');

INSERT INTO webhooks.circuit (
    subscription_id, organisation_id, consecutive_failures, failing_since, opened_at, retry_at
)
VALUES (
    '019b7760-4000-7000-8000-000000000054', '019b7760-0000-7000-8000-0000000000a1', 10, now(), now(), now()
);

INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at
)
VALUES (
    '019b7760-4000-7000-8000-0000000000e8', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'dispatched', now()
);

INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, created_at, finished_at
)
VALUES (
    '019b7760-4000-8000-8000-0000000000d7', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-4000-7000-8000-0000000000e8', '019b7760-4000-7000-8000-000000000054', 'waiting', 0, 0, now(), now(), NULL
);

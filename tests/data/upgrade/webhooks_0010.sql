-- An event of a key, whose delivery waits for its turn.
INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at, ordering_key, is_ordered
)
VALUES (
    '019b7760-6000-7000-8000-0000000000e9', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'dispatched', now(), 'customer-7', TRUE
);

INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, created_at, finished_at
)
VALUES (
    '019b7760-6000-8000-8000-0000000000d9', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-6000-7000-8000-0000000000e9', '019b7760-5000-7000-8000-000000000055', 'held', 0, 0, now(), now(), NULL
);

INSERT INTO webhooks.ordered_delivery (subscription_id, ordering_key, delivery_id)
VALUES ('019b7760-5000-7000-8000-000000000055', 'customer-7', '019b7760-6000-8000-8000-0000000000d9');

-- A bulk event that waits for a worker, and a critical delivery that waits for its subscription.
INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at, tier
)
VALUES
(
    '019b7760-4000-7000-8000-0000000000f0', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'queued', NULL, 2
),
(
    '019b7760-4000-7000-8000-0000000000f1', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'dispatched', now(), 0
);

INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, created_at, finished_at, tier
)
VALUES (
    '019b7760-4000-8000-8000-0000000000f1', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-4000-7000-8000-0000000000f1', '019b7760-4000-7000-8000-000000000054', 'waiting', 0, 0, now(), now(), NULL, 0
);

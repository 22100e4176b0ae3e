-- A dead letter whose time was over before it could be attempted.
INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at
)
VALUES (
    '019b7760-4000-7000-8000-0000000000e9', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'dispatched', now()
);

INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, created_at, finished_at
)
VALUES (
    '019b7760-4000-8000-8000-0000000000d9', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-4000-7000-8000-0000000000e9', '019b7760-4000-7000-8000-000000000054', 'failed', 0, 0, now(), now(), now()
);

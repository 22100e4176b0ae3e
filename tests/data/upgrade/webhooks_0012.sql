-- A critical event that waits for a worker, of which the sums don't know yet.
INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at, tier
)
VALUES (
    '019b7760-7000-7000-8000-0000000000f0', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 1,
    'queued', NULL, 0
);

INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 0, 1);

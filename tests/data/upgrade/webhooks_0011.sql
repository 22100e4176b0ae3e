-- An organisation whose events are kept longer, and an event with an idempotency key.
INSERT INTO webhooks.organisation_retention (organisation_id, retention)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 3);

INSERT INTO webhooks.idempotency_key (organisation_id, idempotency_key, event_id)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 'order-9', '019b7760-6000-7000-8000-0000000000ea');

INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, idempotency_key, queued_deliveries, status, dispatched_at, retention
)
VALUES (
    '019b7760-6000-7000-8000-0000000000ea', '019b7760-0000-7000-8000-0000000000a1', 'order.created', '{}', 'order-9', 0,
    'dispatched', now(), 2
);

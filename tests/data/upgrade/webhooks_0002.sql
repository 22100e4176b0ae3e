-- A delivery that was attempted twice since: its last attempt in its own row, the one before in the table of those.
INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, idempotency_key, queued_deliveries, status, dispatched_at, claim_count
)
VALUES (
    '019b7760-3000-7000-8000-0000000000e7', '019b7760-0000-7000-8000-0000000000a1',
    'order.created', '{"order": 7}', NULL, 1, 'dispatched', now(), 1
);

INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, next_attempt_at, finished_at, last_attempted_at, last_duration_ms, last_response_status,
    last_response_body, is_last_response_body_truncated, last_error_class, last_error_detail
)
VALUES (
    '019b7760-3000-8000-8000-0000000000d5', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-3000-7000-8000-0000000000e7', '019b7760-1000-7000-8000-000000000051',
    'delivered', 2, 2, now(), NULL, now(), now(), 4.5, 200, '\x6f6b', FALSE, NULL, NULL
);

INSERT INTO webhooks.earlier_attempt (
    delivery_id, attempt_number, attempted_at, duration_ms, response_status, response_body,
    is_response_body_truncated, error_class, error_detail
)
VALUES (
    '019b7760-3000-8000-8000-0000000000d5', 1, now(), 2, 502, NULL, FALSE,
    'unsuccessful_status', 'The receiver answered 502.'
);

-- A delivery of the event before, from when it was accepted.
INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, next_attempt_at, created_at, finished_at, last_attempted_at, last_duration_ms,
    last_response_status, is_last_response_body_truncated
)
VALUES (
    '019b7760-3000-8000-8000-0000000000d6', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-3000-7000-8000-0000000000e7', '019b7760-1000-7000-8000-000000000052',
    'delivered', 1, 1, now(), NULL, now(), now(), now(), 3.5, 204, FALSE
);

-- Figures of a subscription and of its organisation, of one minute.
INSERT INTO webhooks.figure (
    organisation_id, subscription_id, step_s, starts_at, succeeded_attempts, failed_attempts, attempt_durations,
    delivery_times
)
VALUES
(
    '019b7760-0000-7000-8000-0000000000a1', '019b7760-4000-7000-8000-000000000054', 60, '2026-01-01T00:00:00Z', 1, 1,
    array_fill(0, ARRAY[32]), array_fill(0, ARRAY[32])
),
(
    '019b7760-0000-7000-8000-0000000000a1', '00000000-0000-0000-0000-000000000000', 60, '2026-01-01T00:00:00Z', 1, 1,
    array_fill(0, ARRAY[32]), array_fill(0, ARRAY[32])
);

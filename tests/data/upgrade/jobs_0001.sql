-- A job of each state, as users would have had them.
INSERT INTO jobs.job (
    job_id, kind, organisation_id, payload, priority, key, is_unique, state, run_at, attempt_count, attempts_max,
    started_at, finished_at, leased_by, cancel_requested_at, canceled_by, progress_done, cursor, result, error
)
VALUES
    (
        '019b7760-0000-7000-8000-0000000000d1', 'sample.kind', '019b7760-0000-7000-8000-000000000001', '{"text": "\u0000"}',
        1, 'key', TRUE, 'queued', now(), 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000d2', 'sample.kind', '019b7760-0000-7000-8000-000000000001', '{}',
        2, 'key', FALSE, 'waiting', now(), 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000d3', 'sample.kind', NULL, '{}',
        0, NULL, FALSE, 'running', now(), 1, 3, now(), NULL, '019b7760-0000-7000-8000-0000000000f1', now(), 'ada', 7,
        '[7]', NULL, NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000d4', 'sample.kind', NULL, '{}',
        1, NULL, FALSE, 'retrying', now(), 1, 3, now(), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'It failed.'
    ),
    (
        '019b7760-0000-7000-8000-0000000000d5', 'sample.kind', NULL, '{}',
        1, NULL, FALSE, 'succeeded', now(), 1, 3, now(), now(), NULL, NULL, NULL, NULL, NULL, '{"count": 2}', NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000d6', 'sample.kind', NULL, '{}',
        1, NULL, FALSE, 'failed', now(), 3, 3, now(), now(), NULL, NULL, NULL, NULL, NULL, NULL, 'It failed.'
    ),
    (
        '019b7760-0000-7000-8000-0000000000d7', 'sample.kind', NULL, '{}',
        1, NULL, FALSE, 'canceled', now(), 0, 3, NULL, now(), NULL, NULL, 'ada', NULL, NULL, NULL, NULL
    );

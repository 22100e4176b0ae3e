-- A paused job, and a running one that is asked to pause.
INSERT INTO jobs.job (
    job_id, kind, organisation_id, payload, priority, key, is_unique, state, run_at, attempt_count, attempts_max,
    started_at, leased_by, pause_requested_at, paused_at, paused_by, progress_done, cursor
)
VALUES
    (
        '019b7760-0000-7000-8000-0000000000d8', 'sample.kind', '019b7760-0000-7000-8000-000000000001', '{}',
        1, NULL, FALSE, 'waiting', now(), 0, 3, now(), NULL, NULL, now(), 'ada', 7, '[7]'
    ),
    (
        '019b7760-0000-7000-8000-0000000000d9', 'sample.kind', '019b7760-0000-7000-8000-000000000001', '{}',
        1, NULL, FALSE, 'running', now(), 1, 3, now(), '019b7760-0000-7000-8000-0000000000f1', now(), NULL, 'ada', 7,
        '[7]'
    );

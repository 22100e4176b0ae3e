-- A run with one job that has ended and one that is queued, its log, a group that it holds, a schedule.
INSERT INTO workflows.workflow (repository_id, file, last_run_number)
VALUES ('01930000-0000-7000-8000-00000001a001', '.github/workflows/ci.yml', 1);

INSERT INTO workflows.run (
    run_id,
    organisation_id,
    repository_id,
    workflow_file,
    workflow_name,
    title,
    number,
    event,
    ref,
    head_sha,
    actor,
    status,
    concurrency_group,
    created_at,
    started_at,
    last_sequence
)
VALUES (
    '01930000-0000-7000-8000-00000000e101',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001',
    '.github/workflows/ci.yml',
    'CI',
    'Add a cart',
    1,
    'push',
    'refs/heads/main',
    'c0ffee0000000000000000000000000000000001',
    'mia@example.com',
    'running',
    'ci-main',
    now(),
    now(),
    2
);

INSERT INTO workflows.run_source (run_id, source)
VALUES ('01930000-0000-7000-8000-00000000e101', '\x80');

INSERT INTO workflows.run_attempt (run_id, attempt, triggering_actor, status, created_at, started_at)
VALUES ('01930000-0000-7000-8000-00000000e101', 1, 'mia@example.com', 'running', now(), now());

INSERT INTO workflows.job (
    job_id,
    organisation_id,
    repository_id,
    run_id,
    attempt,
    key,
    name,
    labels,
    planned,
    status,
    created_at,
    queued_at,
    started_at,
    ended_at,
    outcome
)
VALUES
(
    '01930000-0000-7000-8000-00000000e201',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001',
    '01930000-0000-7000-8000-00000000e101',
    1,
    'build',
    'build',
    '{ubuntu-latest}',
    '\x80',
    'succeeded',
    now(),
    now(),
    now(),
    now(),
    '\x81aa636f6e636c7573696f6ea773756363657373'
),
(
    '01930000-0000-7000-8000-00000000e202',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001',
    '01930000-0000-7000-8000-00000000e101',
    1,
    'test',
    'test',
    '{ubuntu-latest}',
    '\x80',
    'queued',
    now(),
    now(),
    NULL,
    NULL,
    NULL
);

INSERT INTO workflows.step_summary (job_id, step_number, step_name, markdown)
VALUES ('01930000-0000-7000-8000-00000000e201', 1, 'Run make', '# Built');

INSERT INTO workflows.run_event (run_id, sequence, attempt, at, type, job_id, data, outcome_id)
VALUES
(
    '01930000-0000-7000-8000-00000000e101', 1, 1, now(), 'attempt_created', NULL, '{}',
    '01930000-0000-7000-8000-00000000e301'
),
(
    '01930000-0000-7000-8000-00000000e101', 2, 1, now(), 'job_ended', '01930000-0000-7000-8000-00000000e201',
    '{"key":"build","status":"succeeded","why":""}', '01930000-0000-7000-8000-00000000e302'
);

INSERT INTO workflows.concurrency_group (repository_id, name)
VALUES ('01930000-0000-7000-8000-00000001a001', 'ci-main');

INSERT INTO workflows.concurrency_entry (repository_id, group_name, run_id, attempt, is_holder)
VALUES ('01930000-0000-7000-8000-00000001a001', 'ci-main', '01930000-0000-7000-8000-00000000e101', 1, TRUE);

INSERT INTO workflows.schedule (repository_id, workflow_file, cron, next_at)
VALUES ('01930000-0000-7000-8000-00000001a001', '.github/workflows/nightly.yml', '0 3 * * *', now());

-- A workflow file that has had a run: how many runs it has had.
CREATE TABLE workflows.workflow (
    repository_id uuid NOT NULL REFERENCES workflows.repository ON DELETE CASCADE,
    file text NOT NULL,
    last_run_number bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (repository_id, file)
);

-- A run of a workflow, as its last attempt is. What has happened is in the log, `run_event`. What changes
-- a run or its jobs, or appends to its log, locks this row first.
CREATE TABLE workflows.run (
    run_id uuid PRIMARY KEY,
    -- What `github.run_id` is.
    numeric_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    organisation_id uuid NOT NULL,
    repository_id uuid NOT NULL REFERENCES workflows.repository ON DELETE CASCADE,
    workflow_file text NOT NULL,
    workflow_name text NOT NULL,
    title text NOT NULL,
    -- Of the runs of its workflow.
    number bigint NOT NULL CHECK (number > 0),
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt BETWEEN 1 AND 50),
    event text NOT NULL,
    -- The full name of a branch or tag.
    ref text NOT NULL,
    head_sha text NOT NULL CHECK (head_sha ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'),
    actor text NOT NULL,
    -- Whether its code is from a fork: then it has no secrets.
    is_from_fork boolean NOT NULL DEFAULT FALSE,
    inputs json NOT NULL DEFAULT '{}',
    status text NOT NULL CHECK (
        status IN ('waiting', 'queued', 'running', 'succeeded', 'failed', 'canceled', 'skipped')
    ),
    -- Why it waits, or ended as it did.
    why text NOT NULL DEFAULT '',
    concurrency_group text,
    created_at timestamptz NOT NULL,
    -- Of the last attempt.
    started_at timestamptz,
    ended_at timestamptz,
    cancel_requested_at timestamptz,
    -- The log's last entry.
    last_sequence bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    CONSTRAINT run_number_is_unique UNIQUE (repository_id, workflow_file, number),
    CONSTRAINT run_waits_for_a_group CHECK (status <> 'waiting' OR concurrency_group IS NOT NULL),
    CONSTRAINT run_times_fit_status CHECK (
        CASE
            WHEN status IN ('waiting', 'queued') THEN started_at IS NULL AND ended_at IS NULL
            WHEN status = 'running' THEN started_at IS NOT NULL AND ended_at IS NULL
            ELSE ended_at IS NOT NULL
        END
    )
) WITH (fillfactor = 70);

CREATE INDEX run_listed ON workflows.run (organisation_id, run_id);

CREATE INDEX run_listed_of_repository ON workflows.run (repository_id, run_id);

CREATE INDEX run_created ON workflows.run (repository_id, created_at);

CREATE INDEX run_ended ON workflows.run (ended_at)
WHERE ended_at IS NOT NULL;

CREATE INDEX run_unfinished ON workflows.run (organisation_id, run_id)
WHERE ended_at IS NULL;

-- What a run was made of: its workflow files as they were read, the event, the variables. A replay needs nothing else.
CREATE TABLE workflows.run_source (
    run_id uuid PRIMARY KEY REFERENCES workflows.run ON DELETE CASCADE,
    -- A `RunSource`, as MessagePack.
    source bytea NOT NULL
);

-- Each time that a run was started: the first time, and each re-run.
CREATE TABLE workflows.run_attempt (
    run_id uuid NOT NULL REFERENCES workflows.run ON DELETE CASCADE,
    attempt integer NOT NULL CHECK (attempt BETWEEN 1 AND 50),
    triggering_actor text NOT NULL,
    is_debug boolean NOT NULL DEFAULT FALSE,
    status text NOT NULL CHECK (
        status IN ('waiting', 'queued', 'running', 'succeeded', 'failed', 'canceled', 'skipped')
    ),
    why text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (run_id, attempt),
    CONSTRAINT run_attempt_times_fit_status CHECK (
        CASE
            WHEN status IN ('waiting', 'queued') THEN started_at IS NULL AND ended_at IS NULL
            WHEN status = 'running' THEN started_at IS NOT NULL AND ended_at IS NULL
            ELSE ended_at IS NOT NULL
        END
    )
);

-- A job of an attempt of a run.
CREATE TABLE workflows.job (
    job_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    repository_id uuid NOT NULL,
    run_id uuid NOT NULL,
    attempt integer NOT NULL,
    -- `build`, `test.1` (of a matrix), `call/test` (of a called workflow).
    key text NOT NULL,
    name text NOT NULL,
    labels text[] NOT NULL DEFAULT '{}',
    runner_group text,
    priority smallint NOT NULL DEFAULT 0,
    -- The `PlannedJob`, as MessagePack; NULL until it can start.
    planned bytea,
    status text NOT NULL CHECK (
        status IN ('waiting', 'queued', 'running', 'succeeded', 'failed', 'canceled', 'skipped')
    ),
    -- Why it waits, or ended as it did.
    why text NOT NULL DEFAULT '',
    -- The keys of the jobs that it needs, without the places in their matrices.
    needs text[] NOT NULL DEFAULT '{}',
    concurrency_group text,
    created_at timestamptz NOT NULL,
    queued_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    -- Who runs it, and until when.
    runner_id uuid,
    runner_name text,
    lease_number bigint NOT NULL DEFAULT 0 CHECK (lease_number >= 0),
    lease_expires_at timestamptz,
    cancel_requested_at timestamptz,
    -- The `Outcome`, as MessagePack.
    outcome bytea,
    -- The job of the attempt before that it is a copy of: it isn't run again.
    reused_job_id uuid,
    CONSTRAINT job_key_is_unique UNIQUE (run_id, attempt, key),
    FOREIGN KEY (run_id, attempt) REFERENCES workflows.run_attempt ON DELETE CASCADE,
    CONSTRAINT job_times_fit_status CHECK (
        CASE status
            WHEN 'waiting' THEN queued_at IS NULL AND started_at IS NULL AND ended_at IS NULL
            WHEN 'queued' THEN queued_at IS NOT NULL AND started_at IS NULL AND ended_at IS NULL
            WHEN 'running' THEN queued_at IS NOT NULL AND started_at IS NOT NULL AND ended_at IS NULL
            ELSE ended_at IS NOT NULL
        END
    ),
    CONSTRAINT job_is_planned_before_it_is_queued CHECK (status NOT IN ('queued', 'running') OR planned IS NOT NULL),
    CONSTRAINT job_has_an_outcome_when_it_has_ended CHECK ((ended_at IS NOT NULL) = (outcome IS NOT NULL)),
    CONSTRAINT job_has_no_lease_unless_it_can_run CHECK (
        lease_expires_at IS NULL OR (status IN ('queued', 'running') AND runner_id IS NOT NULL)
    )
) WITH (fillfactor = 70);

-- Jobs that a runner can take, in the order in which they start.
CREATE INDEX job_queued ON workflows.job (organisation_id, priority DESC, queued_at, job_id)
WHERE status = 'queued' AND lease_expires_at IS NULL;

CREATE INDEX job_leased ON workflows.job (lease_expires_at)
WHERE lease_expires_at IS NOT NULL;

-- The log of a run: what happened, in order. An entry is committed before anybody sees it.
CREATE TABLE workflows.run_event (
    run_id uuid NOT NULL REFERENCES workflows.run ON DELETE CASCADE,
    sequence bigint NOT NULL CHECK (sequence > 0),
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    job_id uuid,
    data json NOT NULL,
    -- Set if the planner is replayed with it. It is random, so that a planner in memory can tell whether it has seen
    -- this entry or one of a transaction that was rolled back.
    outcome_id uuid,
    PRIMARY KEY (run_id, sequence)
);

CREATE INDEX run_event_outcome ON workflows.run_event (run_id, attempt, sequence)
WHERE outcome_id IS NOT NULL;

CREATE INDEX run_event_step ON workflows.run_event (job_id, sequence)
WHERE type IN ('step_started', 'step_ended');

CREATE INDEX run_event_annotation ON workflows.run_event (run_id, attempt, sequence)
WHERE type = 'annotation';

-- What the steps of a job have written into their summaries, as Markdown.
CREATE TABLE workflows.step_summary (
    job_id uuid NOT NULL REFERENCES workflows.job ON DELETE CASCADE,
    step_number integer NOT NULL CHECK (step_number > 0),
    step_name text NOT NULL,
    markdown text NOT NULL CHECK (octet_length(markdown) <= 1048576),
    PRIMARY KEY (job_id, step_number)
);

-- A concurrency group that is in use. Its row is locked after that of the run that enters or leaves it.
CREATE TABLE workflows.concurrency_group (
    repository_id uuid NOT NULL REFERENCES workflows.repository ON DELETE CASCADE,
    -- In lower case: GitHub's names of groups don't differ by case.
    name text NOT NULL,
    PRIMARY KEY (repository_id, name)
);

-- A run or a job that is in a concurrency group, or waits for it.
CREATE TABLE workflows.concurrency_entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id uuid NOT NULL,
    group_name text NOT NULL,
    run_id uuid NOT NULL REFERENCES workflows.run ON DELETE CASCADE,
    attempt integer NOT NULL,
    -- NULL if it is the run itself that is in the group.
    job_key text,
    is_holder boolean NOT NULL,
    FOREIGN KEY (repository_id, group_name) REFERENCES workflows.concurrency_group
);

CREATE UNIQUE INDEX concurrency_entry_holder ON workflows.concurrency_entry (repository_id, group_name)
WHERE is_holder;

CREATE INDEX concurrency_entry_waiting ON workflows.concurrency_entry (repository_id, group_name, entry_id);

CREATE UNIQUE INDEX concurrency_entry_of_run ON workflows.concurrency_entry (run_id, coalesce(job_key, ''));

-- A schedule of a workflow of the default branch, and when it is due next.
CREATE TABLE workflows.schedule (
    repository_id uuid NOT NULL REFERENCES workflows.repository ON DELETE CASCADE,
    workflow_file text NOT NULL,
    cron text NOT NULL,
    timezone text NOT NULL DEFAULT 'UTC',
    next_at timestamptz NOT NULL,
    last_at timestamptz,
    -- The ticks that were dropped because nobody was there for more than an hour.
    dropped bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (repository_id, workflow_file, cron, timezone)
);

CREATE INDEX schedule_due ON workflows.schedule (next_at);

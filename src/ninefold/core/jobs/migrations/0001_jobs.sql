CREATE SCHEMA jobs;

-- One row per job, from its enqueueing until it is deleted some days after its end.
CREATE TABLE jobs.job (
    job_id uuid PRIMARY KEY,
    -- Jobs with the same key run in this order; ids of the same millisecond have none.
    position bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 100),
    organisation_id uuid,
    -- Whose share of the workers it uses: its organisation's, or for Ninefold's own jobs that of the Max UUID.
    tenant_id uuid NOT NULL GENERATED ALWAYS AS (
        coalesce(organisation_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
    ) STORED,
    -- `json` and not `jsonb`: it is stored as it was written, and may have U+0000 in its texts.
    payload json NOT NULL,
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 2),
    key text CHECK (length(key) BETWEEN 1 AND 200),
    -- True while no other job of this kind and key may be enqueued: until its first attempt begins.
    is_unique boolean NOT NULL CHECK (NOT is_unique OR key IS NOT NULL),
    state text NOT NULL CHECK (
        state IN ('queued', 'waiting', 'running', 'retrying', 'succeeded', 'failed', 'canceled')
    ),
    -- When its next attempt may begin; of a running or finished job, when its last one might have.
    run_at timestamptz NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
    attempts_max integer NOT NULL CHECK (attempts_max > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When the latest attempt began.
    started_at timestamptz,
    finished_at timestamptz,
    leased_by uuid,
    cancel_requested_at timestamptz,
    canceled_by text,
    progress_done bigint CHECK (progress_done >= 0),
    progress_total bigint CHECK (progress_total >= 0),
    progress_note text,
    -- What the handler saved in order to go on from there.
    cursor json,
    result json,
    -- Why the latest attempt failed.
    error text,
    CONSTRAINT job_leased_while_running CHECK ((state = 'running') = (leased_by IS NOT NULL)),
    CONSTRAINT job_started_when_running CHECK (state <> 'running' OR (attempt_count > 0 AND started_at IS NOT NULL)),
    CONSTRAINT job_finished_in_final_states CHECK (
        (state IN ('succeeded', 'failed', 'canceled')) = (finished_at IS NOT NULL)
    ),
    CONSTRAINT job_explains_its_error CHECK (state NOT IN ('retrying', 'failed') OR error IS NOT NULL),
    CONSTRAINT job_succeeded_without_error CHECK (state <> 'succeeded' OR error IS NULL),
    CONSTRAINT job_result_of_success CHECK (result IS NULL OR state = 'succeeded'),
    CONSTRAINT job_waits_for_its_key CHECK (state <> 'waiting' OR key IS NOT NULL),
    CONSTRAINT job_cancel_requested_while_running CHECK (cancel_requested_at IS NULL OR state = 'running'),
    CONSTRAINT job_canceled_by_somebody CHECK (
        (state = 'canceled' OR cancel_requested_at IS NOT NULL) = (canceled_by IS NOT NULL)
    )
-- Rows change several times and are deleted: without an early vacuum the indexes below fill with dead entries.
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE INDEX job_claimable ON jobs.job (tenant_id, priority, run_at, position)
WHERE state IN ('queued', 'retrying');

CREATE INDEX job_unfinished_of_key ON jobs.job (tenant_id, key, position)
WHERE key IS NOT NULL AND state IN ('queued', 'waiting', 'running', 'retrying');

CREATE UNIQUE INDEX job_running_of_key ON jobs.job (tenant_id, key)
WHERE key IS NOT NULL AND state = 'running';

CREATE UNIQUE INDEX job_unique ON jobs.job (kind, tenant_id, key)
WHERE is_unique;

CREATE INDEX job_leased ON jobs.job (leased_by)
WHERE leased_by IS NOT NULL;

CREATE INDEX job_succeeded_or_canceled ON jobs.job (finished_at)
WHERE state IN ('succeeded', 'canceled');

CREATE INDEX job_failed ON jobs.job (finished_at)
WHERE state = 'failed';

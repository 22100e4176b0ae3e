-- name: job_cancel^
-- Cancel a job at once if it isn't running; otherwise request it. Returns nothing if there is no such unfinished job.
-- Without :organisation_id, it can be one of any organisation.
UPDATE jobs.job
SET
    state = CASE WHEN state = 'running' THEN 'running' ELSE 'canceled' END,
    cancel_requested_at = CASE WHEN state = 'running' THEN coalesce(cancel_requested_at, now()) END,
    canceled_by = :canceled_by,
    pause_requested_at = NULL,
    paused_at = NULL,
    paused_by = NULL,
    finished_at = CASE WHEN state <> 'running' THEN now() END,
    is_unique = FALSE
WHERE job_id = :job_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id)
    AND state IN ('queued', 'waiting', 'running', 'retrying')
RETURNING
    job_id,
    state,
    tenant_id,
    key;

-- name: job_cancel_of_organisation$
-- Ask the running jobs of an organisation to stop; return how many there are.
WITH running AS (
    UPDATE jobs.job
    SET
        cancel_requested_at = coalesce(cancel_requested_at, now()),
        canceled_by = :canceled_by,
        pause_requested_at = NULL,
        paused_by = NULL
    WHERE organisation_id = :organisation_id
        AND state = 'running'
    RETURNING job_id
)

SELECT count(*)
FROM running;

-- name: job_claim
-- Claim jobs that are due, for a worker: a fair share for each tenant with free slots, by priority, then longest due first.
-- It scans up to :tenants_max tenants in the order of their ids, starting after :after, and serves at most :limit of
-- them. last_tenant_id is where the next scan continues, and is NULL when no tenant is left to scan.
-- A job whose key has an earlier unfinished job, or a running one, isn't claimed; its key is returned as blocked.
-- There is always a first row. If its job_id is NULL, no job was claimed.
WITH RECURSIVE scanned AS (
    (
        SELECT
            tenant_id,
            1 AS position
        FROM jobs.job
        WHERE state IN ('queued', 'retrying')
            AND tenant_id > :after
        ORDER BY tenant_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        following.tenant_id,
        scanned.position + 1
    FROM scanned
    CROSS JOIN LATERAL (
        SELECT job.tenant_id
        FROM jobs.job
        WHERE job.state IN ('queued', 'retrying')
            AND job.tenant_id > scanned.tenant_id
        ORDER BY job.tenant_id
        LIMIT 1
    ) AS following
    WHERE scanned.position < :tenants_max::integer
),

served AS MATERIALIZED (
    SELECT
        scanned.tenant_id,
        random() AS place,
        coalesce(known.slots, :new_tenant_slots::integer) AS slots
    FROM scanned
    LEFT JOIN unnest(:tenant_ids::uuid[], :slots_of_tenants::integer[]) AS known (tenant_id, slots)
        ON known.tenant_id = scanned.tenant_id
    WHERE coalesce(known.slots, :new_tenant_slots::integer) > 0
        AND EXISTS (
            SELECT 1
            FROM (VALUES (2), (1), (0)) AS level (priority)
            CROSS JOIN LATERAL (
                SELECT 1
                FROM jobs.job
                WHERE job.state IN ('queued', 'retrying')
                    AND job.tenant_id = scanned.tenant_id
                    AND job.priority = level.priority
                    AND job.run_at <= statement_timestamp()
                LIMIT 1
            ) AS due
        )
    ORDER BY scanned.tenant_id
    LIMIT :limit
),

fair_share AS MATERIALIZED (
    SELECT ceil(:limit::numeric / count(*))::integer AS size
    FROM served
    HAVING count(*) > 0
),

candidate AS MATERIALIZED (
    SELECT
        head.*,
        served.place,
        head.key IS NOT NULL AND EXISTS (
            SELECT 1
            FROM jobs.job AS other
            WHERE other.tenant_id = head.tenant_id
                AND other.key = head.key
                AND other.state IN ('queued', 'waiting', 'running', 'retrying')
                AND (other.position < head.position OR other.state = 'running')
        ) AS is_blocked
    FROM served
    CROSS JOIN fair_share
    CROSS JOIN LATERAL (
        SELECT due.*
        FROM (VALUES (2), (1), (0)) AS level (priority)
        CROSS JOIN LATERAL (
            SELECT
                job.job_id,
                job.tenant_id,
                job.key,
                job.priority,
                job.run_at,
                job.position
            FROM jobs.job
            WHERE job.state IN ('queued', 'retrying')
                AND job.tenant_id = served.tenant_id
                AND job.priority = level.priority
                AND job.run_at <= statement_timestamp()
                AND job.kind = ANY(:kinds::text[])
            ORDER BY
                job.run_at,
                job.position
            LIMIT least(fair_share.size, served.slots)
            FOR UPDATE SKIP LOCKED
        ) AS due
        LIMIT least(fair_share.size, served.slots)
    ) AS head
),

chosen AS (
    SELECT job_id
    FROM (
        SELECT
            job_id,
            place,
            row_number() OVER (
                PARTITION BY tenant_id
                ORDER BY
                    priority DESC,
                    run_at,
                    position
            ) AS rank
        FROM candidate
        WHERE NOT is_blocked
    ) AS ranked
    ORDER BY
        rank,
        place
    LIMIT :limit
),

taken AS (
    UPDATE jobs.job
    SET
        state = 'running',
        leased_by = :worker_id,
        attempt_count = job.attempt_count + 1,
        started_at = clock_timestamp(),
        is_unique = FALSE
    FROM chosen
    WHERE job.job_id = chosen.job_id
    RETURNING
        job.job_id,
        job.tenant_id,
        job.organisation_id,
        job.kind,
        job.payload,
        job.cursor,
        job.attempt_count,
        job.attempts_max,
        greatest(0, extract(epoch FROM clock_timestamp() - job.run_at))::double precision AS waited_s
),

summary AS (
    SELECT
        coalesce(
            (SELECT tenant_id FROM served ORDER BY tenant_id OFFSET :limit::integer - 1 LIMIT 1),
            (SELECT tenant_id FROM scanned WHERE position = :tenants_max::integer)
        ) AS last_tenant_id,
        array_agg(blocked.tenant_id) AS blocked_tenant_ids,
        array_agg(blocked.key) AS blocked_keys
    FROM (
        SELECT DISTINCT
            tenant_id,
            key
        FROM candidate
        WHERE is_blocked
    ) AS blocked
)

SELECT
    summary.*,
    taken.*
FROM summary
LEFT JOIN taken ON TRUE;

-- name: job_count_failed$
-- Count failed jobs that nobody has retried, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM jobs.job
    WHERE state = 'failed'
    LIMIT :limit
) AS failed;

-- name: job_count_queued$
-- Count the jobs that are waiting for an attempt or for their key, up to a limit. Paused ones don't count.
SELECT count(*)
FROM (
    (
        SELECT 1
        FROM jobs.job
        WHERE state IN ('queued', 'retrying')
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT 1
        FROM jobs.job
        WHERE key IS NOT NULL
            AND state = 'waiting'
            AND paused_at IS NULL
        LIMIT :limit
    )
    LIMIT :limit
) AS queued;

-- name: job_count_unfinished$
-- Count an organisation's jobs of some kinds that aren't finished, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM jobs.job
    WHERE organisation_id = :organisation_id
        AND kind = ANY(:kinds::text[])
        AND finished_at IS NULL
    LIMIT :limit
) AS unfinished;

-- name: job_delete_failed
-- Delete some failed jobs whose retention period is over.
DELETE FROM jobs.job
WHERE job_id IN (
    SELECT job_id
    FROM jobs.job
    WHERE state = 'failed'
        AND finished_at < statement_timestamp() - :retention::interval
    ORDER BY finished_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
RETURNING job_id;

-- name: job_delete_of_organisation$
-- Delete some jobs of an organisation that don't run; return how many.
WITH deleted AS (
    DELETE FROM jobs.job
    WHERE job_id = ANY(ARRAY(
        SELECT job_id
        FROM jobs.job
        WHERE organisation_id = :organisation_id
            AND state <> 'running'
        LIMIT :limit
    ))
        AND state <> 'running'
    RETURNING job_id
)

SELECT count(*)
FROM deleted;

-- name: job_delete_succeeded_or_canceled
-- Delete some succeeded and canceled jobs whose retention period is over.
DELETE FROM jobs.job
WHERE job_id IN (
    SELECT job_id
    FROM jobs.job
    WHERE state IN ('succeeded', 'canceled')
        AND finished_at < statement_timestamp() - :retention::interval
    ORDER BY finished_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
RETURNING job_id;

-- name: job_find^
-- Read one job. Without :organisation_id, it can be one of any organisation.
SELECT
    job_id,
    organisation_id,
    kind,
    payload,
    priority,
    key,
    state,
    run_at,
    attempt_count,
    attempts_max,
    created_at,
    started_at,
    finished_at,
    cancel_requested_at,
    canceled_by,
    pause_requested_at,
    paused_at,
    paused_by,
    progress_done,
    progress_total,
    progress_note,
    cursor,
    result,
    error
FROM jobs.job
WHERE job_id = :job_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id);

-- name: job_finish
-- Write the outcomes of attempts for the jobs that this worker still holds; returns their new states.
-- A job with a cancel or pause request isn't retried. For a job that is returned before its end, the attempt doesn't
-- count.
WITH ended AS MATERIALIZED (
    SELECT
        outcome.*,
        CASE
            WHEN outcome.ending IN ('retrying', 'returned') AND job.cancel_requested_at IS NOT NULL THEN 'canceled'
            WHEN outcome.ending IN ('retrying', 'returned') AND job.pause_requested_at IS NOT NULL THEN 'waiting'
            WHEN outcome.ending = 'returned' AND job.error IS NOT NULL AND job.attempt_count > 1 THEN 'retrying'
            WHEN outcome.ending = 'returned' THEN 'queued'
            ELSE outcome.ending
        END AS state
    FROM json_to_recordset(:outcomes::json) AS outcome (
        job_id uuid,
        attempt integer,
        ending text,
        retry_delay_s double precision,
        result json,
        error text,
        progress_done bigint,
        progress_total bigint,
        progress_note text
    )
    INNER JOIN jobs.job ON job.job_id = outcome.job_id
    WHERE job.leased_by = :worker_id
        AND job.attempt_count = outcome.attempt
    ORDER BY job.job_id
    FOR UPDATE OF job
)

UPDATE jobs.job
SET
    state = ended.state,
    attempt_count = job.attempt_count
    - CASE WHEN ended.ending = 'returned' AND ended.state <> 'canceled' THEN 1 ELSE 0 END,
    run_at = coalesce(clock_timestamp() + ended.retry_delay_s * interval '1 second', job.run_at),
    finished_at = CASE WHEN ended.state IN ('succeeded', 'failed', 'canceled') THEN clock_timestamp() END,
    leased_by = NULL,
    cancel_requested_at = NULL,
    canceled_by = CASE WHEN ended.state = 'canceled' THEN job.canceled_by END,
    pause_requested_at = NULL,
    paused_at = CASE WHEN ended.state = 'waiting' THEN clock_timestamp() END,
    paused_by = CASE WHEN ended.state = 'waiting' THEN job.paused_by END,
    progress_done = coalesce(ended.progress_done, job.progress_done),
    progress_total = coalesce(ended.progress_total, job.progress_total),
    progress_note = coalesce(ended.progress_note, job.progress_note),
    result = ended.result,
    error = CASE WHEN ended.state = 'succeeded' THEN NULL ELSE coalesce(ended.error, job.error) END
FROM ended
WHERE job.job_id = ended.job_id
RETURNING
    job.job_id,
    job.state,
    job.tenant_id,
    job.key;

-- name: job_insert$
-- Enqueue a job; returns nothing if a unique job of its kind and key is already waiting for its first attempt.
INSERT INTO jobs.job (
    job_id,
    kind,
    organisation_id,
    payload,
    priority,
    key,
    is_unique,
    state,
    run_at,
    attempts_max
)
VALUES (
    :job_id,
    :kind,
    :organisation_id,
    :payload,
    :priority,
    :key,
    :is_unique,
    'queued',
    coalesce(:run_at, now()),
    :attempts_max
)
ON CONFLICT (kind, tenant_id, key) WHERE is_unique DO NOTHING
RETURNING job_id;

-- name: job_list
-- Read a page of the jobs of all organisations, newest first, optionally of one state or kind.
SELECT
    job_id,
    organisation_id,
    kind,
    payload,
    priority,
    key,
    state,
    run_at,
    attempt_count,
    attempts_max,
    created_at,
    started_at,
    finished_at,
    cancel_requested_at,
    canceled_by,
    pause_requested_at,
    paused_at,
    paused_by,
    progress_done,
    progress_total,
    progress_note,
    cursor,
    result,
    error
FROM jobs.job
WHERE (:state::text IS NULL OR state = :state)
    AND (:kind::text IS NULL OR kind = :kind)
    AND (:before::uuid IS NULL OR job_id < :before)
ORDER BY job_id DESC
LIMIT :limit;

-- name: job_list_by_organisation
-- Read a page of an organisation's jobs, newest first, optionally of one state or kind.
SELECT
    job_id,
    organisation_id,
    kind,
    payload,
    priority,
    key,
    state,
    run_at,
    attempt_count,
    attempts_max,
    created_at,
    started_at,
    finished_at,
    cancel_requested_at,
    canceled_by,
    pause_requested_at,
    paused_at,
    paused_by,
    progress_done,
    progress_total,
    progress_note,
    cursor,
    result,
    error
FROM jobs.job
WHERE organisation_id = :organisation_id
    AND (:state::text IS NULL OR state = :state)
    AND (:kind::text IS NULL OR kind = :kind)
    AND (:before::uuid IS NULL OR job_id < :before)
ORDER BY job_id DESC
LIMIT :limit;

-- name: job_list_stop_requests
-- List the running jobs of a worker that were asked to stop.
SELECT
    job_id,
    CASE WHEN cancel_requested_at IS NULL THEN 'pause' ELSE 'cancel' END AS stop_request
FROM jobs.job
WHERE leased_by = :worker_id
    AND (cancel_requested_at IS NOT NULL OR pause_requested_at IS NOT NULL);

-- name: job_mark_waiting
-- Mark jobs as waiting that have an earlier unfinished job with the same key, so that claims needn't skip them each time.
-- The earlier job is locked, so that it can't end in the meantime. The transaction that ends it then sees the waiting
-- jobs, and lets the first one run.
WITH anchor AS MATERIALIZED (
    SELECT
        blocked.tenant_id,
        blocked.key,
        first.position
    FROM unnest(:tenant_ids::uuid[], :keys::text[]) AS blocked (tenant_id, key)
    CROSS JOIN LATERAL (
        SELECT job.position
        FROM jobs.job
        WHERE job.tenant_id = blocked.tenant_id
            AND job.key = blocked.key
            AND job.state IN ('queued', 'waiting', 'running', 'retrying')
        ORDER BY job.position
        LIMIT 1
        FOR SHARE SKIP LOCKED
    ) AS first
),

behind AS MATERIALIZED (
    SELECT following.job_id
    FROM anchor
    CROSS JOIN LATERAL (
        SELECT job.job_id
        FROM jobs.job
        WHERE job.tenant_id = anchor.tenant_id
            AND job.key = anchor.key
            AND job.state IN ('queued', 'retrying')
            AND job.position > anchor.position
        ORDER BY job.position
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS following
)

UPDATE jobs.job
SET state = 'waiting'
FROM behind
WHERE job.job_id = behind.job_id
RETURNING job.job_id;

-- name: job_pause$
-- Pause a job at once if it isn't running; otherwise request it. Returns nothing if its state doesn't allow it.
UPDATE jobs.job
SET
    state = CASE WHEN state = 'running' THEN 'running' ELSE 'waiting' END,
    pause_requested_at = CASE WHEN state = 'running' THEN coalesce(pause_requested_at, now()) END,
    paused_at = CASE WHEN state <> 'running' THEN coalesce(paused_at, now()) END,
    paused_by = coalesce(paused_by, :paused_by)
WHERE job_id = :job_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id)
    AND state IN ('queued', 'waiting', 'running', 'retrying')
    AND cancel_requested_at IS NULL
RETURNING job_id;

-- name: job_promote!
-- Let the first job of each key run if it is waiting and not paused.
-- It must be a separate statement after the one that ended a job, so that it sees jobs that were marked as waiting
-- in the meantime.
UPDATE jobs.job
SET state = CASE WHEN job.attempt_count > 0 AND job.error IS NOT NULL THEN 'retrying' ELSE 'queued' END
FROM unnest(:tenant_ids::uuid[], :keys::text[]) AS freed (tenant_id, key)
CROSS JOIN LATERAL (
    SELECT
        unfinished.job_id,
        unfinished.state
    FROM jobs.job AS unfinished
    WHERE unfinished.tenant_id = freed.tenant_id
        AND unfinished.key = freed.key
        AND unfinished.state IN ('queued', 'waiting', 'running', 'retrying')
    ORDER BY unfinished.position
    LIMIT 1
) AS first
WHERE job.job_id = first.job_id
    AND job.state = 'waiting'
    AND job.paused_at IS NULL;

-- name: job_release
-- Release the jobs that dead workers were running; the attempt counts as failed. Returns their new states.
-- The delay grows with each attempt, in case the job itself crashes its workers.
WITH released AS MATERIALIZED (
    SELECT
        job_id,
        CASE
            WHEN cancel_requested_at IS NOT NULL THEN 'canceled'
            WHEN attempt_count >= attempts_max THEN 'failed'
            WHEN pause_requested_at IS NOT NULL THEN 'waiting'
            ELSE 'retrying'
        END AS state
    FROM jobs.job
    WHERE leased_by = ANY(:worker_ids::uuid[])
    ORDER BY job_id
    FOR UPDATE
)

UPDATE jobs.job
SET
    state = released.state,
    run_at = now() + (job.attempt_count - 1) * interval '5 seconds',
    finished_at = CASE WHEN released.state IN ('failed', 'canceled') THEN now() END,
    leased_by = NULL,
    cancel_requested_at = NULL,
    canceled_by = CASE WHEN released.state = 'canceled' THEN job.canceled_by END,
    pause_requested_at = NULL,
    paused_at = CASE WHEN released.state = 'waiting' THEN now() END,
    paused_by = CASE WHEN released.state = 'waiting' THEN job.paused_by END,
    error = :error
FROM released
WHERE job.job_id = released.job_id
RETURNING
    job.job_id,
    job.state,
    job.tenant_id,
    job.key;

-- name: job_release_unknown
-- Release the jobs that a worker holds without knowing it, because it didn't get the result of its claim.
-- It didn't start them, so the attempt doesn't count. Returns their new states.
UPDATE jobs.job
SET
    state = CASE
        WHEN cancel_requested_at IS NOT NULL THEN 'canceled'
        WHEN pause_requested_at IS NOT NULL THEN 'waiting'
        WHEN attempt_count > 1 AND error IS NOT NULL THEN 'retrying'
        ELSE 'queued'
    END,
    attempt_count = attempt_count - 1,
    finished_at = CASE WHEN cancel_requested_at IS NOT NULL THEN now() END,
    leased_by = NULL,
    cancel_requested_at = NULL,
    pause_requested_at = NULL,
    paused_at = CASE WHEN pause_requested_at IS NOT NULL THEN now() END
WHERE leased_by = :worker_id
    AND job_id <> ALL(:known_ids::uuid[])
RETURNING
    job_id,
    state,
    tenant_id,
    key;

-- name: job_resume$
-- Let a paused job continue from its cursor; a running one that is asked to pause isn't any more.
-- A job whose key is taken is `queued` only until the next claim sees that.
UPDATE jobs.job
SET
    state = CASE
        WHEN state = 'running' THEN 'running'
        WHEN attempt_count > 0 AND error IS NOT NULL THEN 'retrying'
        ELSE 'queued'
    END,
    pause_requested_at = NULL,
    paused_at = NULL,
    paused_by = NULL
WHERE job_id = :job_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id)
    AND (paused_at IS NOT NULL OR pause_requested_at IS NOT NULL)
RETURNING job_id;

-- name: job_retry$
-- Make a failed, canceled or retrying job due now. It continues from its cursor.
UPDATE jobs.job
SET
    state = CASE WHEN state = 'retrying' THEN 'retrying' ELSE 'queued' END,
    attempt_count = CASE WHEN state = 'retrying' THEN attempt_count ELSE 0 END,
    run_at = now(),
    finished_at = NULL,
    canceled_by = NULL
WHERE job_id = :job_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id)
    AND state IN ('retrying', 'failed', 'canceled')
RETURNING job_id;

-- name: job_save^
-- Write a running job's progress if this worker still holds it; returns whether it was asked to stop.
UPDATE jobs.job
SET
    progress_done = coalesce(:done, progress_done),
    progress_total = coalesce(:total, progress_total),
    progress_note = coalesce(:note, progress_note),
    cursor = coalesce(:cursor::json, cursor)
WHERE job_id = :job_id
    AND leased_by = :worker_id
    AND attempt_count = :attempt
RETURNING
    CASE
        WHEN cancel_requested_at IS NOT NULL THEN 'cancel'
        WHEN pause_requested_at IS NOT NULL THEN 'pause'
    END AS stop_request;

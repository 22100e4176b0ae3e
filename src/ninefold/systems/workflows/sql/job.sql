-- name: job_count_by_status
-- Count the jobs of attempts of runs, by their states.
SELECT job.run_id, job.status, count(*) AS jobs
FROM unnest(:run_ids::uuid[], :attempts::integer[]) AS chosen (run_id, attempt)
INNER JOIN workflows.job
    ON job.run_id = chosen.run_id
        AND job.attempt = chosen.attempt
GROUP BY job.run_id, job.status;

-- name: job_delete_waiting!
-- Delete jobs that only stood for those that are known now.
DELETE FROM workflows.job
WHERE run_id = :run_id
    AND attempt = :attempt
    AND key = ANY(:keys::text[])
    AND status = 'waiting';

-- name: job_end!
-- End jobs, with their outcomes.
UPDATE workflows.job
SET status = ended.status,
    why = ended.why,
    ended_at = :at,
    lease_expires_at = NULL,
    outcome = ended.outcome
FROM unnest(:job_ids::uuid[], :statuses::text[], :whys::text[], :outcomes::bytea[])
    AS ended (job_id, status, why, outcome)
WHERE job.job_id = ended.job_id;

-- name: job_find^
-- Read a job of an organisation.
SELECT *
FROM workflows.job
WHERE organisation_id = :organisation_id
    AND job_id = :job_id;

-- name: job_find_planned$
-- Read what a job does.
SELECT planned
FROM workflows.job
WHERE job_id = :job_id;

-- name: job_find_run$
-- Read which run a job is of.
SELECT run_id
FROM workflows.job
WHERE job_id = :job_id;

-- name: job_insert_reused!
-- Insert jobs of an attempt that aren't run again, as copies of those of the attempt before.
INSERT INTO workflows.job (
    job_id,
    organisation_id,
    repository_id,
    run_id,
    attempt,
    key,
    name,
    labels,
    runner_group,
    priority,
    planned,
    status,
    why,
    needs,
    created_at,
    queued_at,
    started_at,
    ended_at,
    runner_id,
    runner_name,
    outcome,
    reused_job_id
)
SELECT
    copied.job_id,
    job.organisation_id,
    job.repository_id,
    job.run_id,
    job.attempt + 1,
    job.key,
    job.name,
    job.labels,
    job.runner_group,
    job.priority,
    job.planned,
    job.status,
    job.why,
    job.needs,
    job.created_at,
    job.queued_at,
    job.started_at,
    job.ended_at,
    job.runner_id,
    job.runner_name,
    job.outcome,
    coalesce(job.reused_job_id, job.job_id)
FROM unnest(:job_ids::uuid[], :of_job_ids::uuid[]) AS copied (job_id, of_job_id)
INNER JOIN workflows.job ON job.job_id = copied.of_job_id;

-- name: job_list
-- Read a page of the jobs of an attempt of a run, in the order in which they became known.
SELECT *
FROM workflows.job
WHERE run_id = :run_id
    AND attempt = :attempt
    AND (:after::uuid IS NULL OR job_id > :after)
ORDER BY job_id
LIMIT :limit;

-- name: job_list_reused
-- Read the outcomes of the jobs of an attempt that aren't run again.
SELECT key, outcome
FROM workflows.job
WHERE run_id = :run_id
    AND attempt = :attempt
    AND reused_job_id IS NOT NULL;

-- name: job_lock^
-- Read a job, and keep others from changing it until the transaction ends.
SELECT *
FROM workflows.job
WHERE job_id = :job_id
FOR UPDATE;

-- name: job_lock_by_keys
-- Read some jobs of an attempt, and keep others from changing them until the transaction ends.
SELECT *
FROM workflows.job
WHERE run_id = :run_id
    AND attempt = :attempt
    AND key = ANY(:keys::text[])
ORDER BY job_id
FOR UPDATE;

-- name: job_queue!
-- Queue a job that has waited for its concurrency group.
UPDATE workflows.job
SET status = 'queued',
    why = '',
    queued_at = :at
WHERE job_id = :job_id;

-- name: job_request_cancel!
-- Ask for jobs to be cancelled.
UPDATE workflows.job
SET cancel_requested_at = coalesce(cancel_requested_at, :at)
WHERE job_id = ANY(:job_ids::uuid[]);

-- name: job_requeue!
-- Queue a job again whose runner was lost before it had begun; it keeps its place.
UPDATE workflows.job
SET runner_id = NULL,
    runner_name = NULL,
    lease_expires_at = NULL,
    priority = :priority
WHERE job_id = :job_id;

-- name: job_set_priority!
-- Give the jobs of an attempt that no runner has another priority. One that is being claimed now is left out.
UPDATE workflows.job
SET priority = :priority
WHERE job_id IN (
    SELECT job_id
    FROM workflows.job
    WHERE run_id = :run_id
        AND attempt = :attempt
        AND status IN ('waiting', 'queued')
        AND lease_expires_at IS NULL
        AND priority <> :priority
    FOR NO KEY UPDATE SKIP LOCKED
);

-- name: job_start!
-- Note that a job has begun.
UPDATE workflows.job
SET status = 'running',
    why = '',
    started_at = :at,
    runner_name = :runner_name
WHERE job_id = :job_id;

-- name: job_upsert
-- Insert jobs, or write what has become of them. Those that only wait leave alone what is there.
INSERT INTO workflows.job (
    job_id,
    organisation_id,
    repository_id,
    run_id,
    attempt,
    key,
    name,
    labels,
    runner_group,
    priority,
    planned,
    status,
    why,
    needs,
    concurrency_group,
    created_at,
    queued_at,
    ended_at,
    outcome
)
SELECT
    new.job_id,
    :organisation_id,
    :repository_id,
    :run_id,
    :attempt,
    new.key,
    new.name,
    string_to_array(new.labels, E'\n'),
    new.runner_group,
    :priority,
    new.planned,
    new.status,
    new.why,
    string_to_array(new.needs, E'\n'),
    new.concurrency_group,
    :at,
    CASE WHEN new.status = 'queued' THEN :at::timestamptz END,
    CASE WHEN new.outcome IS NOT NULL THEN :at::timestamptz END,
    new.outcome
FROM unnest(
    :job_ids::uuid[],
    :keys::text[],
    :names::text[],
    :labels::text[],
    :runner_groups::text[],
    :planned::bytea[],
    :statuses::text[],
    :whys::text[],
    :needs::text[],
    :concurrency_groups::text[],
    :outcomes::bytea[]
) AS new (
    job_id, key, name, labels, runner_group, planned, status, why, needs, concurrency_group, outcome
)
ON CONFLICT (run_id, attempt, key) DO UPDATE
SET name = excluded.name,
    labels = excluded.labels,
    runner_group = excluded.runner_group,
    priority = excluded.priority,
    planned = coalesce(excluded.planned, job.planned),
    status = excluded.status,
    why = excluded.why,
    concurrency_group = excluded.concurrency_group,
    queued_at = coalesce(excluded.queued_at, job.queued_at),
    ended_at = excluded.ended_at,
    outcome = excluded.outcome
WHERE job.status = 'waiting'
RETURNING job_id, key;

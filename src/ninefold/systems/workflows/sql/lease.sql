-- name: lease_claim
-- Give queued jobs to runners; those that were taken back meanwhile are left out.
UPDATE workflows.job
SET
    runner_id = claimed.runner_id,
    runner_name = claimed.runner_name,
    lease_number = job.lease_number + 1,
    lease_expires_at = clock_timestamp() + :lease::interval
FROM
    unnest(:job_ids::uuid [], :runner_ids::uuid [], :runner_names::text []) AS claimed (job_id, runner_id, runner_name)
WHERE
    job.job_id = claimed.job_id
    AND job.status = 'queued'
    AND job.lease_expires_at IS NULL
RETURNING job.job_id, job.runner_id, job.lease_number, job.queued_at;

-- name: lease_count_by_organisation
-- Count the jobs that runners have, of each of these organisations that has any.
SELECT
    organisation_id,
    count(*)::integer AS claimed
FROM workflows.job
WHERE
    organisation_id = ANY(:organisation_ids::uuid [])
    AND lease_expires_at IS NOT NULL
GROUP BY organisation_id;

-- name: lease_count_claimed$
-- Count the jobs that runners have, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM workflows.job
    WHERE lease_expires_at IS NOT NULL
    LIMIT :limit
) AS claimed;

-- name: lease_count_queued$
-- Count the jobs that wait for a runner, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM workflows.job
    WHERE
        status = 'queued'
        AND lease_expires_at IS NULL
    LIMIT :limit
) AS queued;

-- name: lease_find^
-- Find the lease of a job.
SELECT
    job_id,
    organisation_id,
    run_id,
    status,
    runner_id,
    lease_number,
    lease_expires_at,
    cancel_requested_at
FROM workflows.job
WHERE job_id = :job_id;

-- name: lease_list_expired
-- List jobs whose runner has been silent for too long, although it could reach a server all that time.
SELECT
    job_id,
    organisation_id,
    run_id,
    status,
    runner_id,
    lease_number,
    lease_expires_at,
    cancel_requested_at
FROM workflows.job
WHERE
    lease_expires_at < statement_timestamp()
    AND EXISTS (
        SELECT
        FROM workflows.reachability
        WHERE
            reachable_since < statement_timestamp() - :lease::interval
            AND seen_at > statement_timestamp() - :silence::interval
    )
ORDER BY lease_expires_at
LIMIT :limit;

-- name: lease_list_first_jobs
-- List the first jobs that organisations can have claimed, of each set of labels apart.
WITH RECURSIVE lane AS (
    SELECT
        1 AS number,
        first_lane.organisation_id,
        first_lane.runner_group,
        first_lane.labels
    FROM unnest(:organisation_ids::uuid []) AS asked (organisation_id)
    CROSS JOIN LATERAL (
        SELECT
            job.organisation_id,
            coalesce(job.runner_group, '') AS runner_group,
            job.labels
        FROM workflows.job
        WHERE
            job.organisation_id = asked.organisation_id
            AND job.status = 'queued'
            AND job.lease_expires_at IS NULL
        ORDER BY coalesce(job.runner_group, ''), job.labels
        LIMIT 1
    ) AS first_lane
    UNION ALL
    SELECT
        lane.number + 1,
        next_lane.organisation_id,
        next_lane.runner_group,
        next_lane.labels
    FROM lane
    CROSS JOIN LATERAL (
        SELECT
            job.organisation_id,
            coalesce(job.runner_group, '') AS runner_group,
            job.labels
        FROM workflows.job
        WHERE
            job.organisation_id = lane.organisation_id
            AND job.status = 'queued'
            AND job.lease_expires_at IS NULL
            AND (coalesce(job.runner_group, ''), job.labels) > (lane.runner_group, lane.labels)
        ORDER BY coalesce(job.runner_group, ''), job.labels
        LIMIT 1
    ) AS next_lane
    WHERE lane.number < :lanes_max
)

SELECT
    lane.organisation_id,
    lane.runner_group,
    lane.labels,
    head.job_id,
    head.priority,
    head.queued_at
FROM lane
CROSS JOIN LATERAL (
    SELECT
        job.job_id,
        job.priority,
        job.queued_at
    FROM workflows.job
    WHERE
        job.organisation_id = lane.organisation_id
        AND coalesce(job.runner_group, '') = lane.runner_group
        AND job.labels = lane.labels
        AND job.status = 'queued'
        AND job.lease_expires_at IS NULL
    ORDER BY job.priority DESC, job.queued_at, job.job_id
    LIMIT :limit
) AS head;

-- name: lease_list_of_runner
-- List the jobs that a runner has.
SELECT
    job_id,
    organisation_id,
    run_id,
    status,
    runner_id,
    lease_number,
    lease_expires_at,
    cancel_requested_at
FROM workflows.job
WHERE
    runner_id = :runner_id
    AND lease_expires_at IS NOT NULL
ORDER BY job_id;

-- name: lease_renew^
-- Renew a lease that is current, and return it.
UPDATE workflows.job
SET
    lease_expires_at = clock_timestamp() + :lease::interval
WHERE
    job_id = :job_id
    AND runner_id = :runner_id
    AND lease_number = :lease_number
    AND lease_expires_at IS NOT NULL
RETURNING
    job_id,
    organisation_id,
    run_id,
    status,
    runner_id,
    lease_number,
    lease_expires_at,
    cancel_requested_at;

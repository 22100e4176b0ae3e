-- name: runner_count_jobs
-- Count the jobs that runners have.
SELECT
    runner_id,
    count(*)::integer AS jobs
FROM workflows.job
WHERE
    runner_id = ANY(:runner_ids::uuid [])
    AND lease_expires_at IS NOT NULL
GROUP BY runner_id;

-- name: runner_delete$
-- Delete a runner that has no job; return its name.
DELETE FROM workflows.runner
WHERE
    runner_id = :runner_id
    AND NOT EXISTS (
        SELECT
        FROM workflows.job
        WHERE job.runner_id = runner.runner_id AND job.lease_expires_at IS NOT NULL
    )
RETURNING name;

-- name: runner_delete_unseen
-- Delete runners that were last seen before a time, and have no job.
DELETE FROM workflows.runner
WHERE
    runner.seen_at < :before
    AND NOT EXISTS (
        SELECT
        FROM workflows.job
        WHERE job.runner_id = runner.runner_id AND job.lease_expires_at IS NOT NULL
    )
RETURNING runner.runner_id;

-- name: runner_drain^
-- Make a runner take no further jobs.
UPDATE workflows.runner
SET draining_since = coalesce(draining_since, clock_timestamp())
WHERE runner_id = :runner_id
RETURNING
    runner_id,
    organisation_id,
    name,
    runner_group,
    labels,
    jobs_max,
    is_ephemeral,
    version,
    created_at,
    seen_at,
    draining_since,
    used_at;

-- name: runner_find^
-- Find a runner.
SELECT
    runner_id,
    organisation_id,
    name,
    runner_group,
    labels,
    jobs_max,
    is_ephemeral,
    version,
    created_at,
    seen_at,
    draining_since,
    used_at
FROM workflows.runner
WHERE runner_id = :runner_id;

-- name: runner_find_by_digest^
-- Find a runner by the digest of its token.
SELECT
    runner_id,
    organisation_id,
    name,
    runner_group,
    labels,
    jobs_max,
    is_ephemeral,
    version,
    created_at,
    seen_at,
    draining_since,
    used_at
FROM workflows.runner
WHERE digest = :digest;

-- name: runner_insert^
-- Add a runner.
INSERT INTO workflows.runner (
    runner_id, organisation_id, name, runner_group, labels, jobs_max, is_ephemeral, version, prefix, digest
)
VALUES (
    :runner_id,
    :organisation_id,
    :name,
    :runner_group,
    :labels,
    :jobs_max,
    :is_ephemeral,
    :version,
    :prefix,
    :digest
)
RETURNING
    runner_id,
    organisation_id,
    name,
    runner_group,
    labels,
    jobs_max,
    is_ephemeral,
    version,
    created_at,
    seen_at,
    draining_since,
    used_at;

-- name: runner_list
-- List the runners that an organisation's jobs can run on, its own and those of all, oldest first.
SELECT
    runner_id,
    organisation_id,
    name,
    runner_group,
    labels,
    jobs_max,
    is_ephemeral,
    version,
    created_at,
    seen_at,
    draining_since,
    used_at
FROM workflows.runner
WHERE
    (organisation_id = :organisation_id OR organisation_id IS NULL)
    AND (:after::uuid IS NULL OR runner_id > :after::uuid)
ORDER BY runner_id
LIMIT :limit;

-- name: runner_see!
-- Note that a runner has sent something.
UPDATE workflows.runner
SET seen_at = clock_timestamp()
WHERE runner_id = :runner_id AND seen_at < statement_timestamp() - :resolution::interval;

-- name: runner_use!
-- Note that a runner has begun a job: an ephemeral one gets no other.
UPDATE workflows.runner
SET used_at = coalesce(used_at, clock_timestamp())
WHERE runner_id = :runner_id;

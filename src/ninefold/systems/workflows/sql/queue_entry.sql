-- name: queue_entry_count_started$
-- Count the jobs of an organisation that began after a time, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM workflows.job
    WHERE
        organisation_id = :organisation_id
        AND started_at > :since
    LIMIT :limit
) AS started;

-- name: queue_entry_list
-- List the queued jobs of an organisation in the order in which they start.
SELECT
    job.job_id,
    job.run_id,
    job.key,
    job.name,
    owner.slug || '/' || repository.name AS repository,
    run.workflow_name,
    run.number AS run_number,
    job.labels,
    job.runner_group,
    job.priority,
    job.queued_at
FROM workflows.job
INNER JOIN workflows.run ON job.run_id = run.run_id
INNER JOIN workflows.repository ON run.repository_id = repository.repository_id
INNER JOIN workflows.owner ON repository.organisation_id = owner.organisation_id
WHERE
    job.organisation_id = :organisation_id
    AND job.status = 'queued'
    AND job.lease_expires_at IS NULL
    AND (
        :priority::smallint IS NULL
        OR (-job.priority, job.queued_at, job.job_id) > (-:priority::smallint, :queued_at::timestamptz, :job_id::uuid)
    )
ORDER BY job.priority DESC, job.queued_at, job.job_id
LIMIT :limit;

-- name: queue_entry_list_usage
-- List what an organisation's jobs used on each day (UTC) since a time.
SELECT
    (ended_at AT TIME ZONE 'UTC')::date AS day,
    count(*)::integer AS jobs,
    (sum(extract(EPOCH FROM ended_at - started_at)) / 60)::double precision AS minutes,
    (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(EPOCH FROM started_at - queued_at)))::double precision
        AS queue_p50_s,
    (percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(EPOCH FROM started_at - queued_at)))::double precision
        AS queue_p95_s
FROM workflows.job
WHERE
    organisation_id = :organisation_id
    AND ended_at >= :since
    AND started_at IS NOT NULL
    AND reused_job_id IS NULL
GROUP BY (ended_at AT TIME ZONE 'UTC')::date
ORDER BY day;

-- name: job_log_archive!
-- Note where a log is kept from now on.
UPDATE workflows.job_log
SET
    blob_id = :blob_id,
    parts = :parts
WHERE job_id = :job_id AND blob_id IS NULL;

-- name: job_log_begin!
-- Begin the log of a job; if its runner only asks a second time, the log stays as it is.
INSERT INTO workflows.job_log (job_id, organisation_id, lease_number)
VALUES (:job_id, :organisation_id, :lease_number)
ON CONFLICT (job_id) DO UPDATE
SET
    lease_number = excluded.lease_number,
    last_batch = 0
WHERE job_log.lease_number < excluded.lease_number;

-- name: job_log_end!
-- Note that nothing more comes for a log.
UPDATE workflows.job_log
SET
    ended_at = coalesce(ended_at, clock_timestamp()),
    finished_lease = coalesce(:finished_lease, finished_lease)
WHERE job_id = :job_id;

-- name: job_log_find^
-- Find the log of a job.
SELECT
    job_id,
    organisation_id,
    lease_number,
    last_batch,
    last_line,
    size_bytes,
    dropped_lines,
    ended_at,
    finished_lease,
    blob_id,
    parts
FROM workflows.job_log
WHERE job_id = :job_id;

-- name: job_log_grow!
-- Note what a batch has added.
UPDATE workflows.job_log
SET
    last_batch = :last_batch,
    last_line = :last_line,
    size_bytes = :size_bytes,
    dropped_lines = :dropped_lines
WHERE job_id = :job_id;

-- name: job_log_list_positions
-- List up to where logs go, and whether they are archived.
SELECT
    job_id,
    last_line,
    blob_id IS NOT NULL AS is_archived
FROM workflows.job_log
WHERE job_id = ANY(:job_ids::uuid []);

-- name: job_log_list_to_archive
-- List logs that ended before a time and aren't archived.
SELECT
    job_id,
    organisation_id,
    lease_number,
    last_batch,
    last_line,
    size_bytes,
    dropped_lines,
    ended_at,
    finished_lease,
    blob_id,
    parts
FROM workflows.job_log
WHERE
    ended_at < :before
    AND blob_id IS NULL
    AND last_line > 0
ORDER BY ended_at
LIMIT :limit;

-- name: job_log_lock^
-- Lock the log of a job.
SELECT
    job_id,
    organisation_id,
    lease_number,
    last_batch,
    last_line,
    size_bytes,
    dropped_lines,
    ended_at,
    finished_lease,
    blob_id,
    parts
FROM workflows.job_log
WHERE job_id = :job_id
FOR NO KEY UPDATE;

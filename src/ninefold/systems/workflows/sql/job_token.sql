-- name: job_token_find^
-- Find the job that runs and has a token.
SELECT
    job.job_id,
    job.organisation_id,
    job.repository_id,
    job.run_id,
    job.attempt,
    run.ref,
    run.is_from_fork,
    repository.default_branch
FROM workflows.job_token AS token
INNER JOIN workflows.job AS job USING (job_id)
INNER JOIN workflows.run AS run ON run.run_id = job.run_id
INNER JOIN workflows.repository AS repository ON repository.repository_id = job.repository_id
WHERE
    token.digest = :digest
    AND job.status = 'running'
    AND job.lease_number = token.lease_number
    AND repository.deleted_at IS NULL;

-- name: job_token_put^
-- Give a job a token; an earlier one of it is dead then. Returns no row if there is no such job.
INSERT INTO workflows.job_token (job_id, digest, lease_number, created_at)
SELECT job.job_id, :digest, job.lease_number, :created_at
FROM workflows.job AS job
WHERE job.job_id = :job_id
ON CONFLICT (job_id) DO UPDATE
SET digest = excluded.digest, lease_number = excluded.lease_number, created_at = excluded.created_at
RETURNING (SELECT job.run_id FROM workflows.job AS job WHERE job.job_id = :job_id) AS run_id;

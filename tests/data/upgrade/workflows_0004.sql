-- A job's token, an artifact with one block, and a cache without any.
INSERT INTO workflows.job_token (job_id, digest, lease_number, created_at)
SELECT job_id, decode(repeat('ab', 32), 'hex'), 1, now()
FROM workflows.job
ORDER BY job_id
LIMIT 1;

INSERT INTO workflows.upload (
    upload_id, organisation_id, repository_id, job_id, signing_key, bytes_max, created_at, committed_at, size_bytes, sha256
)
VALUES
(
    '01930000-0000-7000-8000-00000001a101', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001', '01930000-0000-7000-8000-00000001a100', decode(repeat('01', 32), 'hex'),
    1000, now(), now(), 3, decode(repeat('02', 32), 'hex')
),
(
    '01930000-0000-7000-8000-00000001a102', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001', '01930000-0000-7000-8000-00000001a100', decode(repeat('03', 32), 'hex'),
    1000, now(), NULL, NULL, NULL
);

INSERT INTO workflows.upload_block (upload_id, block_name, blob_id, size_bytes, starts_at)
VALUES ('01930000-0000-7000-8000-00000001a101', 'AAAA', '01930000-0000-7000-8000-00000001a103', 3, 0);

INSERT INTO workflows.artifact (
    artifact_id, organisation_id, repository_id, run_id, attempt, job_id, name, state, upload_id, created_at, ready_at,
    expires_at
)
SELECT
    '01930000-0000-7000-8000-00000001a104', organisation_id, repository_id, run_id, attempt,
    '01930000-0000-7000-8000-00000001a100', 'report', 'ready', '01930000-0000-7000-8000-00000001a101', now(), now(), now()
FROM workflows.run
ORDER BY run_id
LIMIT 1;

INSERT INTO workflows.cache_entry (
    cache_entry_id, organisation_id, repository_id, scope, key, version, state, upload_id, created_at, last_used_at
)
VALUES (
    '01930000-0000-7000-8000-00000001a105', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001', 'refs/heads/main', 'npm-1', 'v1', 'uploading',
    '01930000-0000-7000-8000-00000001a102', now(), now()
);

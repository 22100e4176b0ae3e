-- name: artifact_delete
-- Delete artifacts; return their contents.
DELETE FROM workflows.artifact
WHERE artifact_id = ANY(:artifact_ids::uuid[])
RETURNING upload_id;

-- name: artifact_find^
-- Read an artifact of an organisation.
SELECT artifact.*, upload.size_bytes, upload.sha256, upload.content_type
FROM workflows.artifact AS artifact
INNER JOIN workflows.upload AS upload USING (upload_id)
WHERE
    artifact.artifact_id = :artifact_id
    AND artifact.organisation_id = :organisation_id
    AND artifact.expires_at > :at;

-- name: artifact_find_by_name^
-- Read the artifact of a run with a name, of an attempt or of the last one that has it.
SELECT artifact.*, upload.size_bytes, upload.sha256, upload.content_type
FROM workflows.artifact AS artifact
INNER JOIN workflows.upload AS upload USING (upload_id)
WHERE
    artifact.run_id = :run_id
    AND artifact.name = :name
    AND (:attempt::integer IS NULL OR artifact.attempt = :attempt)
    AND artifact.expires_at > :at
ORDER BY artifact.attempt DESC
LIMIT 1;

-- name: artifact_insert^
-- Insert an artifact that is being uploaded; returns no row if the attempt of the run has one of this name.
INSERT INTO workflows.artifact (
    artifact_id,
    organisation_id,
    repository_id,
    run_id,
    attempt,
    job_id,
    name,
    state,
    upload_id,
    created_at,
    expires_at
)
VALUES (
    :artifact_id,
    :organisation_id,
    :repository_id,
    :run_id,
    :attempt,
    :job_id,
    :name,
    'uploading',
    :upload_id,
    :created_at,
    :expires_at
)
ON CONFLICT DO NOTHING
RETURNING artifact_id;

-- name: artifact_list
-- Read the artifacts of a run that can be used, of each name those of the last attempt that has it, oldest first.
SELECT artifact.*, upload.size_bytes, upload.sha256, upload.content_type
FROM workflows.artifact AS artifact
INNER JOIN workflows.upload AS upload USING (upload_id)
WHERE
    artifact.organisation_id = :organisation_id
    AND artifact.run_id = :run_id
    AND artifact.state = 'ready'
    AND artifact.expires_at > :at
    AND NOT EXISTS (
        SELECT
        FROM workflows.artifact AS later
        WHERE
            later.run_id = artifact.run_id
            AND later.name = artifact.name
            AND later.attempt > artifact.attempt
            AND later.state = 'ready'
    )
ORDER BY artifact.artifact_id
LIMIT :limit;

-- name: artifact_list_expired
-- Lock artifacts that have expired, or that were never finished, oldest first.
SELECT artifact_id
FROM workflows.artifact
WHERE expires_at <= :at OR (state = 'uploading' AND created_at <= :unfinished_before)
ORDER BY expires_at
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: artifact_list_of_repository
-- Lock artifacts of a repository.
SELECT artifact_id
FROM workflows.artifact
WHERE repository_id = :repository_id
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: artifact_set_ready!
-- Say that an artifact can be used.
UPDATE workflows.artifact
SET state = 'ready', ready_at = :ready_at
WHERE artifact_id = :artifact_id AND state = 'uploading';

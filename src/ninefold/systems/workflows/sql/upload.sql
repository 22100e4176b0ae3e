-- name: upload_commit!
-- Say what contents there are now.
UPDATE workflows.upload
SET
    committed_at = :committed_at,
    size_bytes = :size_bytes,
    sha256 = :sha256
WHERE upload_id = :upload_id;

-- name: upload_delete!
-- Say that nothing names contents any more.
UPDATE workflows.upload
SET deleted_at = :deleted_at
WHERE upload_id = ANY(:upload_ids::uuid[]) AND deleted_at IS NULL;

-- name: upload_find^
-- Read contents that weren't deleted.
SELECT *
FROM workflows.upload
WHERE upload_id = :upload_id AND deleted_at IS NULL;

-- name: upload_insert!
-- Insert contents without any block.
INSERT INTO workflows.upload (
    upload_id,
    organisation_id,
    repository_id,
    job_id,
    signing_key,
    bytes_max,
    content_type,
    created_at
)
VALUES (
    :upload_id,
    :organisation_id,
    :repository_id,
    :job_id,
    :signing_key,
    :bytes_max,
    :content_type,
    :created_at
);

-- name: upload_list_removable
-- Lock contents that were deleted, oldest first.
SELECT upload_id, organisation_id
FROM workflows.upload
WHERE deleted_at IS NOT NULL
ORDER BY deleted_at
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: upload_lock^
-- Lock contents that weren't deleted, if their job still runs.
SELECT upload.*
FROM workflows.upload AS upload
INNER JOIN workflows.job AS job USING (job_id)
WHERE upload.upload_id = :upload_id AND upload.deleted_at IS NULL AND job.status = 'running'
FOR UPDATE OF upload;

-- name: upload_remove!
-- Remove the row of contents whose blocks are gone.
DELETE FROM workflows.upload
WHERE upload_id = :upload_id;

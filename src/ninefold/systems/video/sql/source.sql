-- name: source_find^
-- Read how far the source of a title has come, and whether more can come.
SELECT
    upload.title_id,
    upload.organisation_id,
    upload.length,
    upload.last_offset,
    upload.completed_at IS NOT NULL AS is_complete,
    upload.closed_at IS NOT NULL OR title.status IN ('failed', 'canceled') AS is_ended
FROM video.upload
INNER JOIN video.title USING (title_id)
WHERE upload.upload_id = :upload_id;

-- name: source_lock^
-- Read how far the source of a title has come, and keep more from being committed.
SELECT last_offset
FROM video.upload
WHERE upload_id = :upload_id
FOR UPDATE;

-- name: upload_advance^
-- Count bytes that are committed with this transaction, if the request may still append, and it is at this offset.
UPDATE video.upload
SET
    last_offset = last_offset + :size_bytes,
    completed_at = CASE WHEN last_offset + :size_bytes = length THEN :at::timestamptz END,
    expires_at = :expires_at,
    writer_seen_at = :at
WHERE upload_id = :upload_id AND writer_id = :writer_id AND last_offset = :last_offset AND closed_at IS NULL
RETURNING *;

-- name: upload_claim^
-- Let a request append, if no other one does.
UPDATE video.upload
SET writer_id = :writer_id, writer_seen_at = :at
WHERE upload_id = :upload_id
    AND (writer_id IS NULL OR writer_seen_at < :seen_before)
RETURNING *;

-- name: upload_close^
-- Take no more bytes.
UPDATE video.upload
SET closed_at = :at, writer_id = NULL, writer_seen_at = NULL
WHERE upload_id = :upload_id AND closed_at IS NULL AND completed_at IS NULL
RETURNING *;

-- name: upload_find^
-- Read an upload of an organisation.
SELECT *
FROM video.upload
WHERE upload_id = :upload_id AND organisation_id = :organisation_id;

-- name: upload_find_by_title^
-- Read the upload of a title.
SELECT *
FROM video.upload
WHERE title_id = :title_id;

-- name: upload_insert^
-- Insert an upload.
INSERT INTO video.upload (upload_id, organisation_id, title_id, length, metadata, created_at, expires_at)
VALUES (:upload_id, :organisation_id, :title_id, :length, :metadata, :created_at, :expires_at)
RETURNING *;

-- name: upload_keep_writer^
-- Note that the request that may append is still there.
UPDATE video.upload
SET writer_seen_at = :at
WHERE upload_id = :upload_id AND writer_id = :writer_id
RETURNING upload_id;

-- name: upload_list_by_titles
-- Read the uploads of titles.
SELECT *
FROM video.upload
WHERE title_id = ANY(:title_ids::uuid[]);

-- name: upload_list_expired
-- Read uploads that have expired, of a batch.
SELECT *
FROM video.upload
WHERE completed_at IS NULL AND closed_at IS NULL AND expires_at < :at
ORDER BY expires_at
LIMIT :limit;

-- name: upload_release!
-- Let others append.
UPDATE video.upload
SET writer_id = NULL, writer_seen_at = NULL
WHERE upload_id = :upload_id AND writer_id = :writer_id;

-- name: upload_take_from_writer^
-- Take the right to append from a request, and read how far the upload has come.
UPDATE video.upload
SET writer_id = NULL, writer_seen_at = NULL
WHERE upload_id = :upload_id AND organisation_id = :organisation_id
RETURNING *;

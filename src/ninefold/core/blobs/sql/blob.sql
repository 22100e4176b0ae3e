-- name: blob_delete^
-- Delete a blob, whether a row names it or not; its contents are removed by the sweep.
UPDATE blobs.blob
SET state = 'deleted', deleted_at = now()
WHERE blob_id = :blob_id
    AND organisation_id = :organisation_id
    AND state IN ('pending', 'stored')
RETURNING blob_id;

-- name: blob_delete_of_organisation$
-- Delete all blobs of an organisation; return how many.
WITH deleted AS (
    UPDATE blobs.blob
    SET state = 'deleted', deleted_at = now()
    WHERE organisation_id = :organisation_id
        AND state IN ('pending', 'stored')
    RETURNING blob_id
)

SELECT count(*)
FROM deleted;

-- name: blob_exists$
-- Return whether an organisation has blobs, also deleted ones.
SELECT EXISTS (SELECT FROM blobs.blob WHERE organisation_id = :organisation_id);

-- name: blob_expire
-- Delete blobs that no row has named in time, oldest first, without those that a transaction is just keeping.
UPDATE blobs.blob
SET state = 'deleted', deleted_at = now()
WHERE blob_id IN (
    SELECT blob_id
    FROM blobs.blob
    WHERE state = 'pending'
        AND created_at < now() - :retention::interval
    ORDER BY created_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
RETURNING blob_id;

-- name: blob_finish^
-- Record what was uploaded, and give back what was reserved beyond that; returns nothing if the blob was deleted.
WITH finished AS (
    UPDATE blobs.blob
    SET size_bytes = :size_bytes, sha256 = :sha256, uploaded_at = now()
    WHERE blob_id = :blob_id
        AND state = 'pending'
        AND uploaded_at IS NULL
    RETURNING *
),

returned AS (
    UPDATE blobs.usage
    SET size_bytes = usage.size_bytes - (:reserved_bytes::bigint - :size_bytes::bigint)
    FROM finished
    WHERE usage.organisation_id = finished.organisation_id
)

SELECT blob_id, organisation_id, owner, content_type, state, size_bytes, sha256, created_at
FROM finished;

-- name: blob_get^
-- Get a blob that a row names.
SELECT blob_id, organisation_id, owner, content_type, state, size_bytes, sha256, created_at
FROM blobs.blob
WHERE blob_id = :blob_id
    AND organisation_id = :organisation_id
    AND state = 'stored';

-- name: blob_insert^
-- Add a pending blob and reserve its size; returns nothing if the organisation would have more than its limit.
WITH reserved AS (
    INSERT INTO blobs.usage (organisation_id, size_bytes, blob_count)
    SELECT :organisation_id::uuid, :reserved_bytes::bigint, 1
    WHERE :reserved_bytes::bigint <= :limit_bytes::bigint
    ON CONFLICT (organisation_id) DO UPDATE
    SET size_bytes = usage.size_bytes + excluded.size_bytes, blob_count = usage.blob_count + 1
    WHERE usage.size_bytes + excluded.size_bytes <= :limit_bytes::bigint
    RETURNING organisation_id
)

INSERT INTO blobs.blob (blob_id, organisation_id, owner, content_type, size_bytes)
SELECT :blob_id::uuid, organisation_id, :owner::text, :content_type::text, :reserved_bytes::bigint
FROM reserved
RETURNING blob_id;

-- name: blob_keep^
-- Keep an uploaded blob, because a row names it in the same transaction.
UPDATE blobs.blob
SET state = 'stored', stored_at = now()
WHERE blob_id = :blob_id
    AND organisation_id = :organisation_id
    AND state = 'pending'
    AND uploaded_at IS NOT NULL
RETURNING blob_id, organisation_id, owner, content_type, state, size_bytes, sha256, created_at;

-- name: blob_list_deleted
-- List blobs that were deleted some time ago, whose contents may still be there, oldest first; of one organisation or all.
SELECT blob_id, organisation_id
FROM blobs.blob
WHERE state = 'deleted'
    AND deleted_at <= now() - :delay::interval
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id)
ORDER BY deleted_at
LIMIT :limit;

-- name: blob_remove
-- Remove the rows of deleted blobs whose contents are gone, and give back their size.
WITH removed AS (
    DELETE FROM blobs.blob
    WHERE blob_id = ANY(:blob_ids::uuid[])
        AND state = 'deleted'
    RETURNING blob_id, organisation_id, size_bytes
),

total AS (
    SELECT organisation_id, sum(size_bytes) AS size_bytes, count(*) AS blob_count
    FROM removed
    GROUP BY organisation_id
),

returned AS (
    UPDATE blobs.usage
    SET size_bytes = usage.size_bytes - total.size_bytes, blob_count = usage.blob_count - total.blob_count
    FROM total
    WHERE usage.organisation_id = total.organisation_id
)

SELECT blob_id
FROM removed;

-- name: orphaned_log_take
-- Take archives whose job is deleted, to delete their blobs in the same transaction.
DELETE FROM workflows.orphaned_log
WHERE
    blob_id IN (
        SELECT blob_id
        FROM workflows.orphaned_log
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
RETURNING blob_id, organisation_id;

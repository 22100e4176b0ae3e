-- name: usage_delete!
-- Delete what an organisation takes; it has no blobs any more.
DELETE FROM blobs.usage
WHERE organisation_id = :organisation_id;

-- name: usage_get^
-- Get what an organisation's blobs take; nothing if it never had one.
SELECT size_bytes, blob_count
FROM blobs.usage
WHERE organisation_id = :organisation_id;

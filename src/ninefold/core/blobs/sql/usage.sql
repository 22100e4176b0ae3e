-- name: usage_get^
-- Get what an organisation's blobs take; nothing if it never had one.
SELECT size_bytes, blob_count
FROM blobs.usage
WHERE organisation_id = :organisation_id;

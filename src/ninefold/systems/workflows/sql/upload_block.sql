-- name: upload_block_delete
-- Remove blocks of contents; return their blobs.
DELETE FROM workflows.upload_block
WHERE upload_id = :upload_id AND (:names::text[] IS NULL OR block_name = ANY(:names))
RETURNING blob_id;

-- name: upload_block_list
-- Read the blocks of contents, in their order if they have one.
SELECT block_name, blob_id, size_bytes, starts_at
FROM workflows.upload_block
WHERE upload_id = :upload_id
ORDER BY starts_at, block_name
LIMIT :limit;

-- name: upload_block_order!
-- Say where the bytes of blocks begin in the contents.
UPDATE workflows.upload_block AS block
SET starts_at = ordered.starts_at
FROM unnest(:names::text[], :starts::bigint[]) AS ordered (block_name, starts_at)
WHERE block.upload_id = :upload_id AND block.block_name = ordered.block_name;

-- name: upload_block_put!
-- Insert a block, which replaces one of the same name that was deleted before.
INSERT INTO workflows.upload_block (upload_id, block_name, blob_id, size_bytes)
VALUES (:upload_id, :block_name, :blob_id, :size_bytes);

-- name: upload_block_sum^
-- Sum up the blocks of contents.
SELECT coalesce(sum(size_bytes), 0)::bigint AS size_bytes, count(*) AS blocks
FROM workflows.upload_block
WHERE upload_id = :upload_id;

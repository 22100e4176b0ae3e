-- name: source_part_insert!
-- Insert bytes of an upload.
INSERT INTO video.source_part (upload_id, first_byte, size_bytes, blob_id)
VALUES (:upload_id, :first_byte, :size_bytes, :blob_id);

-- name: source_part_list
-- Read the parts that have bytes from an offset on, in order.
SELECT first_byte, size_bytes, blob_id
FROM video.source_part
WHERE upload_id = :upload_id
    AND first_byte >= (
        SELECT coalesce(max(before.first_byte), 0)
        FROM video.source_part AS before
        WHERE before.upload_id = :upload_id AND before.first_byte <= :start
    )
ORDER BY first_byte
LIMIT :limit;

-- name: leftover_delete_rows!
-- Delete a title that was deleted, with what belongs to it; its blobs must be deleted before.
DELETE FROM video.title
WHERE title_id = :title_id AND deleted_at IS NOT NULL;

-- name: leftover_list_source_titles
-- Read titles that ended so long ago that their sources aren't kept any more, and still have some, of a batch.
SELECT title.title_id
FROM video.title
INNER JOIN video.upload USING (title_id)
WHERE title.ended_at < :before
    AND EXISTS (
        SELECT 1
        FROM video.source_part
        WHERE source_part.upload_id = upload.upload_id
    )
ORDER BY title.ended_at
LIMIT :limit;

-- name: leftover_list_titles
-- Read titles that were deleted, or canceled and still have files, of a batch.
SELECT title_id
FROM video.title
WHERE ended_at < :before
    AND (
        deleted_at IS NOT NULL
        OR (
            status = 'canceled'
            AND (
                poster_blob_id IS NOT NULL
                OR EXISTS (SELECT 1 FROM video.chunk WHERE chunk.title_id = title.title_id)
                OR EXISTS (SELECT 1 FROM video.segment WHERE segment.title_id = title.title_id)
                OR EXISTS (SELECT 1 FROM video.sprite_sheet WHERE sprite_sheet.title_id = title.title_id)
                OR EXISTS (
                    SELECT 1
                    FROM video.source_part
                    INNER JOIN video.upload USING (upload_id)
                    WHERE upload.title_id = title.title_id
                )
            )
        )
    )
ORDER BY ended_at
LIMIT :limit;

-- name: leftover_take_chunks
-- Delete chunks of a title, of a batch; returns their blobs.
DELETE FROM video.chunk
WHERE title_id = :title_id
    AND number IN (
        SELECT number
        FROM video.chunk
        WHERE title_id = :title_id
        LIMIT :limit
    )
RETURNING blob_id;

-- name: leftover_take_pictures
-- Delete the sheets of small pictures of a title, and returns their blobs, of a batch.
DELETE FROM video.sprite_sheet
WHERE title_id = :title_id
    AND number IN (
        SELECT number
        FROM video.sprite_sheet
        WHERE title_id = :title_id
        LIMIT :limit
    )
RETURNING blob_id;

-- name: leftover_take_poster
-- Forget the poster of a title; returns its blob.
UPDATE video.title
SET poster_blob_id = NULL
FROM video.title AS before
WHERE title.title_id = :title_id AND before.title_id = :title_id AND before.poster_blob_id IS NOT NULL
RETURNING before.poster_blob_id AS blob_id;

-- name: leftover_take_segments
-- Delete the segments of a batch of blobs of a title; returns the blobs.
WITH batch AS (
    SELECT DISTINCT blob_id
    FROM video.segment
    WHERE title_id = :title_id
    LIMIT :limit
), deleted AS (
    DELETE FROM video.segment
    WHERE title_id = :title_id AND blob_id IN (SELECT blob_id FROM batch)
)
SELECT blob_id
FROM batch;

-- name: leftover_take_sources
-- Delete parts of the source of a title, of a batch; returns their blobs.
DELETE FROM video.source_part
WHERE upload_id IN (SELECT upload_id FROM video.upload WHERE title_id = :title_id)
    AND first_byte IN (
        SELECT source_part.first_byte
        FROM video.source_part
        INNER JOIN video.upload USING (upload_id)
        WHERE upload.title_id = :title_id
        ORDER BY source_part.first_byte
        LIMIT :limit
    )
RETURNING blob_id;

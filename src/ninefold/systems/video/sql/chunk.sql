-- name: chunk_find^
-- Read a chunk of a title.
SELECT *
FROM video.chunk
WHERE title_id = :title_id AND number = :number;

-- name: chunk_insert!
-- Insert a chunk.
INSERT INTO video.chunk (
    title_id,
    number,
    start_us,
    duration_us,
    first_segment,
    starts,
    end_tick,
    times,
    has_leading,
    needs_next,
    sha256,
    blob_id
)
VALUES (
    :title_id,
    :number,
    :start_us,
    :duration_us,
    :first_segment,
    :starts,
    :end_tick,
    :times,
    :has_leading,
    :needs_next,
    :sha256,
    :blob_id
);

-- name: chunk_list
-- Read where the chunks of a title are, in order.
SELECT number, start_us, duration_us
FROM video.chunk
WHERE title_id = :title_id
ORDER BY number;

-- name: chunk_list_damaged
-- Read where the damaged chunks of a title are, in order.
SELECT start_us, start_us + duration_us AS end_us
FROM video.chunk
WHERE title_id = :title_id AND is_damaged
ORDER BY number;

-- name: chunk_mark_damaged!
-- Write that packets of a chunk are damaged.
UPDATE video.chunk
SET is_damaged = TRUE
WHERE title_id = :title_id AND number = :number AND NOT is_damaged;

-- name: chunk_release
-- Forget the packets of the chunks of a title that nothing needs any more; return their blobs.
UPDATE video.chunk
SET blob_id = NULL
FROM (
    SELECT number, blob_id
    FROM video.chunk
    WHERE title_id = :title_id AND number = ANY(:numbers::integer[]) AND blob_id IS NOT NULL
) AS before
WHERE chunk.title_id = :title_id
    AND chunk.number = before.number
    -- The next chunk has come, or none will: before that, this one's tasks may not be there yet.
    AND (
        NOT chunk.needs_next
        OR EXISTS (
            SELECT
            FROM video.chunk AS following
            WHERE following.title_id = :title_id AND following.number = chunk.number + 1
        )
    )
    AND NOT EXISTS (
        SELECT
        FROM video.task
        WHERE task.title_id = :title_id
            AND task.kind IN ('encode', 'score')
            AND task.chunk_number IN (chunk.number, chunk.number - 1)
            AND task.status <> 'succeeded'
    )
RETURNING before.blob_id;

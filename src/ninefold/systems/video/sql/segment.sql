-- name: segment_find_first^
-- Find out whether the lowest rung and the sound of a title have begun.
SELECT
    bool_and(segment.number IS NOT NULL) AS has_begun
FROM video.rung
LEFT JOIN video.segment
    ON segment.title_id = rung.title_id AND segment.rung = rung.name AND segment.number = 0
WHERE rung.title_id = :title_id AND rung.position = 0;

-- name: segment_insert_many
-- Insert segments of a rung that aren't there yet; return their numbers.
INSERT INTO video.segment (title_id, rung, number, chunk_number, start, duration, blob_id, first_byte, size_bytes)
SELECT
    :title_id,
    :rung,
    entry.number,
    :chunk_number,
    entry.start,
    entry.duration,
    :blob_id,
    entry.first_byte,
    entry.size_bytes
FROM unnest(
    :numbers::integer[], :starts::bigint[], :durations::bigint[], :first_bytes::integer[], :sizes::integer[]
) AS entry (number, start, duration, first_byte, size_bytes)
ON CONFLICT DO NOTHING
RETURNING number;

-- name: segment_list
-- Read the segments of a rung, in order.
SELECT *
FROM video.segment
WHERE title_id = :title_id AND rung = :rung
ORDER BY number;

-- name: segment_list_reach
-- Read how many segments each rung of a title has, and how far they reach without a gap, in ticks.
SELECT
    listed.rung,
    count(*) AS segments,
    coalesce(max(listed.start + listed.duration) FILTER (WHERE listed.number = listed.place - 1), 0) AS until
FROM (
    SELECT
        rung,
        number,
        start,
        duration,
        row_number() OVER (PARTITION BY rung ORDER BY number) AS place
    FROM video.segment
    WHERE title_id = :title_id
) AS listed
GROUP BY listed.rung;

-- name: encoding_count
-- Count the chunks that are to be encoded for titles, once for each rung, and those that are.
SELECT
    title_id,
    count(*) AS chunks_total,
    count(*) FILTER (WHERE status = 'succeeded') AS chunks_ready
FROM video.task
WHERE title_id = ANY(:title_ids::uuid[]) AND kind = 'encode'
GROUP BY title_id;

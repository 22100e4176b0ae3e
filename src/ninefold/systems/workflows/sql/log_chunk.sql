-- name: log_chunk_delete!
-- Delete the lines of a log that is archived.
DELETE FROM workflows.log_chunk
WHERE job_id = :job_id;

-- name: log_chunk_insert!
-- Add lines to a log.
INSERT INTO workflows.log_chunk (job_id, last_line, lines, content)
VALUES (:job_id, :last_line, :lines, :content);

-- name: log_chunk_list
-- List the lines of a log after one of them, in chunks.
SELECT
    last_line,
    lines,
    content
FROM workflows.log_chunk
WHERE
    job_id = :job_id
    AND last_line > :after
ORDER BY last_line
LIMIT :limit;

-- name: log_chunk_list_of_logs
-- List the next lines of several logs, in chunks.
SELECT
    asked.job_id,
    chunk.last_line,
    chunk.content
FROM unnest(:job_ids::uuid [], :offsets::bigint []) AS asked (job_id, after)
CROSS JOIN LATERAL (
    SELECT
        log_chunk.last_line,
        log_chunk.content
    FROM workflows.log_chunk
    WHERE
        log_chunk.job_id = asked.job_id
        AND log_chunk.last_line > asked.after
    ORDER BY log_chunk.last_line
    LIMIT :limit
) AS chunk
ORDER BY asked.job_id, chunk.last_line;

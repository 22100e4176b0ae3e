-- name: task_claim^
-- Claim the most urgent task of these kinds of the organisation that has the fewest of them running.
WITH RECURSIVE organisation AS (
    (
        SELECT organisation_id
        FROM video.task
        WHERE status IN ('queued', 'retrying')
        ORDER BY organisation_id
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT task.organisation_id
        FROM video.task
        WHERE task.status IN ('queued', 'retrying') AND task.organisation_id > organisation.organisation_id
        ORDER BY task.organisation_id
        LIMIT 1
    )
    FROM organisation
    WHERE organisation.organisation_id IS NOT NULL
),
running AS MATERIALIZED (
    SELECT organisation_id, count(*) AS tasks
    FROM video.task
    WHERE leased_by IS NOT NULL AND kind = ANY(:kinds::text[])
    GROUP BY organisation_id
),
next AS (
    SELECT chosen.task_id
    FROM organisation
    LEFT JOIN running USING (organisation_id)
    CROSS JOIN LATERAL (
        SELECT task.task_id, task.urgency
        FROM video.task
        WHERE task.organisation_id = organisation.organisation_id
            AND task.status IN ('queued', 'retrying')
            AND task.kind = ANY(:kinds::text[])
            AND task.run_at <= :at
        ORDER BY task.urgency, task.task_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS chosen
    ORDER BY coalesce(running.tasks, 0), chosen.urgency, chosen.task_id
    LIMIT 1
)
UPDATE video.task
SET
    status = 'running',
    leased_by = :worker_id,
    started_at = :at,
    attempt_count = task.attempt_count + 1
FROM next
WHERE task.task_id = next.task_id
RETURNING task.*;

-- name: task_count_unfinished$
-- Count what is still to be done before a title is ready.
SELECT count(*)
FROM video.task
WHERE title_id = :title_id
    AND kind <> 'score'
    AND status IN ('queued', 'running', 'retrying', 'failed');

-- name: task_count_unfinished_of_rung$
-- Count what is still to be done before a rung of a title is whole.
SELECT count(*)
FROM video.task
WHERE title_id = :title_id
    AND (kind = 'split' OR (kind = 'encode' AND rung = :rung))
    AND status IN ('queued', 'running', 'retrying', 'failed');

-- name: task_count_waiting$
-- Count the tasks that are due or will be, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM video.task
    WHERE status IN ('queued', 'retrying')
    LIMIT :limit
) AS waiting;

-- name: task_fail!
-- End a task that this worker holds, because it can't be done.
UPDATE video.task
SET status = 'failed', leased_by = NULL, error = :error, finished_at = :at
WHERE task_id = :task_id AND leased_by = :worker_id;

-- name: task_finish$
-- End a task that this worker holds; returns no row if it doesn't hold it any more.
UPDATE video.task
SET status = 'succeeded', leased_by = NULL, finished_at = :at
WHERE task_id = :task_id AND leased_by = :worker_id
RETURNING task_id;

-- name: task_insert_many!
-- Queue tasks of a title that aren't there yet.
INSERT INTO video.task (task_id, organisation_id, title_id, kind, rung, chunk_number, urgency)
SELECT
    entry.task_id,
    :organisation_id,
    :title_id,
    entry.kind,
    entry.rung,
    entry.chunk_number,
    entry.urgency
FROM unnest(:task_ids::uuid[], :kinds::text[], :rungs::text[], :chunk_numbers::integer[], :urgencies::bigint[])
    AS entry (task_id, kind, rung, chunk_number, urgency)
ON CONFLICT DO NOTHING;

-- name: task_list_held
-- Read which of some tasks a worker still holds.
SELECT task_id
FROM video.task
WHERE leased_by = :worker_id;

-- name: task_list_of_chunks
-- Read the tasks of a title for its chunks.
SELECT *
FROM video.task
WHERE title_id = :title_id AND kind = 'encode'
ORDER BY chunk_number, rung;

-- name: task_list_speeds
-- Read how long a rung's chunks took to encode, for each second of the title.
SELECT
    task.rung,
    sum(extract(EPOCH FROM task.finished_at - task.started_at))::double precision AS took_s,
    (sum(chunk.duration_us) / 1000000.0)::double precision AS duration_s
FROM video.task
INNER JOIN video.chunk ON chunk.title_id = task.title_id AND chunk.number = task.chunk_number
WHERE task.title_id = :title_id AND task.kind = 'encode' AND task.status = 'succeeded'
GROUP BY task.rung;

-- name: task_release!
-- Queue what workers have held again: they are gone.
UPDATE video.task
SET
    status = 'queued',
    leased_by = NULL,
    error = 'The worker that did it has ended.'
WHERE leased_by = ANY(:worker_ids::uuid[]);

-- name: task_release_unknown!
-- Queue what a worker holds and doesn't know of again.
UPDATE video.task
SET status = 'queued', leased_by = NULL
WHERE leased_by = :worker_id AND task_id <> ALL(:known_ids::uuid[]);

-- name: task_retry!
-- Queue a task that this worker holds again, for later.
UPDATE video.task
SET
    status = 'retrying',
    leased_by = NULL,
    error = :error,
    run_at = :run_at
WHERE task_id = :task_id AND leased_by = :worker_id;

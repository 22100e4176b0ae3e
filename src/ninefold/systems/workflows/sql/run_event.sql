-- name: run_event_count_annotations
-- Count the annotations of some jobs of an attempt, by their levels.
SELECT job_id, data ->> 'level' AS level, count(*) AS annotations
FROM workflows.run_event
WHERE run_id = :run_id
    AND attempt = :attempt
    AND type = 'annotation'
    AND job_id = ANY(:job_ids::uuid[])
GROUP BY job_id, data ->> 'level';

-- name: run_event_list
-- Read the next entries of several logs: of each the first ones after a number, up to a limit.
SELECT event.*
FROM unnest(:run_ids::uuid[], :after::bigint[]) AS cursor (run_id, after)
CROSS JOIN LATERAL (
    SELECT run_id, sequence, attempt, at, type, job_id, data
    FROM workflows.run_event
    WHERE run_event.run_id = cursor.run_id
        AND run_event.sequence > cursor.after
    ORDER BY run_event.sequence
    LIMIT :limit
) AS event
ORDER BY event.run_id, event.sequence;

-- name: run_event_list_annotations
-- Read the annotations of an attempt of a run, oldest first.
SELECT run_id, sequence, attempt, at, type, job_id, data
FROM workflows.run_event
WHERE run_id = :run_id
    AND attempt = :attempt
    AND type = 'annotation'
ORDER BY sequence
LIMIT :limit;

-- name: run_event_list_outcomes
-- Read what the planner of an attempt is replayed with, from an entry on, with the outcomes of jobs.
SELECT
    run_event.sequence,
    run_event.type,
    run_event.outcome_id,
    run_event.data ->> 'key' AS key,
    job.outcome
FROM workflows.run_event
LEFT JOIN workflows.job ON job.job_id = run_event.job_id
WHERE run_event.run_id = :run_id
    AND run_event.attempt = :attempt
    AND run_event.sequence >= :from_sequence
    AND run_event.outcome_id IS NOT NULL
ORDER BY run_event.sequence;

-- name: run_event_list_steps
-- Read what happened with the steps of some jobs, oldest first.
SELECT run_id, sequence, attempt, at, type, job_id, data
FROM workflows.run_event
WHERE job_id = ANY(:job_ids::uuid[])
    AND type IN ('step_started', 'step_ended')
ORDER BY job_id, sequence;

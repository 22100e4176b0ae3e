-- name: run_attempt_find^
-- Read an attempt of a run.
SELECT *
FROM workflows.run_attempt
WHERE run_id = :run_id
    AND attempt = :attempt;

-- name: run_attempt_insert!
-- Insert another attempt of a run.
INSERT INTO workflows.run_attempt (run_id, attempt, triggering_actor, is_debug, status, created_at)
VALUES (:run_id, :attempt, :triggering_actor, :is_debug, 'queued', :created_at);

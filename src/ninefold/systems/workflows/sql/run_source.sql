-- name: run_source_find$
-- Read what a run was made of.
SELECT source
FROM workflows.run_source
WHERE run_id = :run_id;

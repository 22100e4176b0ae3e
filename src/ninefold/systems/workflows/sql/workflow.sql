-- name: workflow_take_number^
-- Take the next number of a workflow's runs, and a number that no other run has.
INSERT INTO workflows.workflow (repository_id, file, last_run_number)
VALUES (:repository_id, :file, 1)
ON CONFLICT (repository_id, file) DO UPDATE
SET last_run_number = workflow.last_run_number + 1
RETURNING
    last_run_number AS number,
    nextval(pg_get_serial_sequence('workflows.run', 'numeric_id')) AS numeric_id;

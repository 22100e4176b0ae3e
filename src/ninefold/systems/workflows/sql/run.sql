-- name: run_count_since$
-- Count the runs of a repository that were created since a time, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM workflows.run
    WHERE repository_id = :repository_id
        AND created_at > :since
    LIMIT :limit
) AS counted;

-- name: run_delete_ended$
-- Delete runs that ended before a time, with all they have; count them.
WITH deleted AS (
    DELETE FROM workflows.run
    WHERE run_id IN (
        SELECT run_id
        FROM workflows.run
        WHERE ended_at < :before
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING run_id
)
SELECT count(*)
FROM deleted;

-- name: run_find^
-- Read a run of an organisation.
SELECT *
FROM workflows.run
WHERE organisation_id = :organisation_id
    AND run_id = :run_id;

-- name: run_has_running$
-- Whether a run of an organisation, or of one of its repositories, has begun and hasn't ended.
SELECT EXISTS (
    SELECT
    FROM workflows.run
    WHERE organisation_id = :organisation_id
        AND (:repository_id::uuid IS NULL OR repository_id = :repository_id)
        AND ended_at IS NULL
        AND status = 'running'
);

-- name: run_insert^
-- Insert a run, its source, and its first attempt.
WITH inserted AS (
    INSERT INTO workflows.run (
        run_id,
        numeric_id,
        organisation_id,
        repository_id,
        workflow_file,
        workflow_name,
        title,
        number,
        event,
        ref,
        head_sha,
        actor,
        is_from_fork,
        inputs,
        priority,
        status,
        created_at
    )
    VALUES (
        :run_id,
        :numeric_id,
        :organisation_id,
        :repository_id,
        :workflow_file,
        :workflow_name,
        :title,
        :number,
        :event,
        :ref,
        :head_sha,
        :actor,
        :is_from_fork,
        :inputs::json,
        :priority,
        'queued',
        :created_at
    )
    RETURNING *
),
inserted_source AS (
    INSERT INTO workflows.run_source (run_id, source)
    SELECT run_id, :source
    FROM inserted
),
inserted_attempt AS (
    INSERT INTO workflows.run_attempt (run_id, attempt, triggering_actor, status, created_at)
    SELECT run_id, attempt, actor, status, created_at
    FROM inserted
)
SELECT *
FROM inserted;

-- name: run_list
-- Read a page of the runs of an organisation, latest first.
SELECT *
FROM workflows.run
WHERE organisation_id = :organisation_id
    AND (:repository_id::uuid IS NULL OR repository_id = :repository_id)
    AND (:workflow_file::text IS NULL OR workflow_file = :workflow_file)
    AND (:status::text IS NULL OR status = :status)
    AND (:ref::text IS NULL OR ref = :ref)
    AND (:event::text IS NULL OR event = :event)
    AND (:before::uuid IS NULL OR run_id < :before)
ORDER BY run_id DESC
LIMIT :limit;

-- name: run_list_last_of_workflows
-- Read the last run of each workflow of a repository.
SELECT DISTINCT ON (workflow_file) *
FROM workflows.run
WHERE repository_id = :repository_id
ORDER BY workflow_file, number DESC;

-- name: run_list_positions
-- Read the numbers of the last entries of several logs.
SELECT run_id, last_sequence
FROM workflows.run
WHERE run_id = ANY(:run_ids::uuid[]);

-- name: run_list_repositories
-- Read the full names of some repositories, also of deleted ones.
SELECT repository.repository_id, owner.slug || '/' || repository.name AS full_name
FROM workflows.repository
INNER JOIN workflows.owner ON owner.organisation_id = repository.organisation_id
WHERE repository.repository_id = ANY(:repository_ids::uuid[]);

-- name: run_lock^
-- Read a run, and keep others from changing it, its jobs and its log until the transaction ends.
SELECT *
FROM workflows.run
WHERE run_id = :run_id
FOR UPDATE;

-- name: run_update!
-- Write what has changed in a run that is locked, in its attempt too, and append to its log.
WITH updated AS (
    UPDATE workflows.run
    SET status = :status,
        why = :why,
        attempt = :attempt,
        priority = :priority,
        concurrency_group = :concurrency_group,
        started_at = :started_at,
        ended_at = :ended_at,
        cancel_requested_at = :cancel_requested_at,
        last_sequence = :last_sequence
    WHERE run_id = :run_id
),
updated_attempt AS (
    UPDATE workflows.run_attempt
    SET status = :status,
        why = :why,
        started_at = :started_at,
        ended_at = :ended_at
    WHERE run_id = :run_id
        AND attempt = :attempt
        AND (status, why, started_at, ended_at) IS DISTINCT FROM (:status, :why, :started_at, :ended_at)
)
INSERT INTO workflows.run_event (run_id, sequence, attempt, at, type, job_id, data, outcome_id)
SELECT :run_id, event.sequence, :attempt, :at, event.type, event.job_id, event.data::json, event.outcome_id
FROM unnest(
    :sequences::bigint[],
    :types::text[],
    :job_ids::uuid[],
    :data::text[],
    :outcome_ids::uuid[]
) AS event (sequence, type, job_id, data, outcome_id);

-- name: turn_activate_all!
-- Mark every organisation that has a queued job as active, whether it has room for it or not.
SELECT workflows.activate_turn(queued.organisation_id)
FROM (
    SELECT turn.organisation_id
    FROM workflows.turn
    WHERE
        NOT turn.is_active
        AND EXISTS (
            SELECT
            FROM workflows.job
            WHERE
                job.organisation_id = turn.organisation_id
                AND job.status = 'queued'
                AND job.lease_expires_at IS NULL
        )
) AS queued;

-- name: turn_deactivate!
-- Take organisations out of the round robin that have nothing to claim, or no room for it. Their rows are locked.
UPDATE workflows.turn
SET is_active = FALSE
WHERE
    turn.organisation_id = ANY(:organisation_ids::uuid [])
    AND (
        NOT EXISTS (
            SELECT
            FROM workflows.job
            WHERE
                job.organisation_id = turn.organisation_id
                AND job.status = 'queued'
                AND job.lease_expires_at IS NULL
        )
        OR (
            SELECT count(*)
            FROM workflows.job
            WHERE job.organisation_id = turn.organisation_id AND job.lease_expires_at IS NOT NULL
        ) >= (
            SELECT coalesce(share.jobs_max, :jobs_max::integer)
            FROM workflows.share
            WHERE share.organisation_id = turn.organisation_id
        )
    );

-- name: turn_has_others$
-- Whether an active organisation is not among these: it was locked by somebody else, or has become active since.
SELECT
    EXISTS (
        SELECT
        FROM workflows.turn
        WHERE
            is_active
            AND organisation_id <> ALL(:organisation_ids::uuid [])
            AND (:only::uuid [] IS NULL OR organisation_id = ANY(:only::uuid []))
    );

-- name: turn_lock_exhausted
-- Lock organisations that seem to have nothing to claim, except where a job is being added now.
SELECT organisation_id
FROM workflows.turn
WHERE organisation_id = ANY(:organisation_ids::uuid [])
FOR UPDATE SKIP LOCKED;

-- name: turn_lock_next
-- Lock the next organisations of the round robin that no other transaction has locked.
SELECT
    turn.organisation_id,
    turn.round,
    turn.joined_at,
    turn.deficit,
    share.weight,
    coalesce(share.jobs_max, :jobs_max::integer) AS jobs_max
FROM workflows.turn
INNER JOIN workflows.share ON turn.organisation_id = share.organisation_id
WHERE
    turn.is_active
    AND turn.organisation_id <> ALL(:organisation_ids::uuid [])
    AND (:only::uuid [] IS NULL OR turn.organisation_id = ANY(:only::uuid []))
ORDER BY turn.round, turn.joined_at, turn.organisation_id
LIMIT :limit
FOR NO KEY UPDATE OF turn SKIP LOCKED;

-- name: turn_update!
-- Move organisations to their next places.
UPDATE workflows.turn
SET
    round = moved.round,
    joined_at = moved.joined_at,
    deficit = moved.deficit
FROM
    unnest(
        :organisation_ids::uuid [], :rounds::bigint [], :joined_at::timestamptz [], :deficits::integer []
    ) AS moved (organisation_id, round, joined_at, deficit)
WHERE turn.organisation_id = moved.organisation_id;

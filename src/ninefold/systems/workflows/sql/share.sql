-- name: share_ensure^
-- Return the share of an organisation, which is added if there is none.
WITH added AS (
    INSERT INTO workflows.share (organisation_id)
    SELECT :organisation_id
    WHERE NOT EXISTS (SELECT FROM workflows.share WHERE organisation_id = :organisation_id)
    ON CONFLICT DO NOTHING
    RETURNING organisation_id, uid_number, weight, jobs_max
)

SELECT
    organisation_id,
    uid_number,
    weight,
    jobs_max
FROM workflows.share
WHERE organisation_id = :organisation_id
UNION ALL
SELECT
    organisation_id,
    uid_number,
    weight,
    jobs_max
FROM added;

-- name: share_find^
-- Find the share of an organisation.
SELECT
    organisation_id,
    uid_number,
    weight,
    jobs_max
FROM workflows.share
WHERE organisation_id = :organisation_id;

-- name: share_list_other
-- List the organisations that have another share than the default, without some.
SELECT organisation_id
FROM workflows.share
WHERE
    (weight <> 1 OR jobs_max IS NOT NULL)
    AND organisation_id <> ALL(:organisation_ids::uuid []);

-- name: share_set^
-- Set the weight and the quota of an organisation, and look at its queue again.
WITH changed AS (
    UPDATE workflows.share
    SET
        weight = :weight,
        jobs_max = :jobs_max,
        updated_at = now()
    WHERE organisation_id = :organisation_id
    RETURNING organisation_id, uid_number, weight, jobs_max
)

SELECT
    changed.organisation_id,
    changed.uid_number,
    changed.weight,
    changed.jobs_max,
    workflows.activate_turn(changed.organisation_id)
FROM changed;

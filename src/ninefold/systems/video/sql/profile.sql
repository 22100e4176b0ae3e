-- name: profile_delete$
-- Delete a profile with all that it has watched; returns no row if there is none.
DELETE FROM video.profile
WHERE profile_id = :profile_id AND organisation_id = :organisation_id
RETURNING profile_id;

-- name: profile_find^
-- Read one profile of an organisation.
SELECT *
FROM video.profile
WHERE profile_id = :profile_id AND organisation_id = :organisation_id;

-- name: profile_insert^
-- Insert a profile; returns no row if the organisation has one with this external id.
INSERT INTO video.profile (profile_id, organisation_id, name, maturity_max, external_id)
VALUES (:profile_id, :organisation_id, :name, :maturity_max, :external_id)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: profile_list
-- Read a page of the profiles of an organisation, oldest first.
SELECT *
FROM video.profile
WHERE organisation_id = :organisation_id
    AND (:after::uuid IS NULL OR profile_id > :after)
    AND (:external_id::text IS NULL OR external_id = :external_id)
ORDER BY profile_id
LIMIT :limit;

-- name: profile_update^
-- Change a profile.
UPDATE video.profile
SET name = :name, maturity_max = :maturity_max
WHERE profile_id = :profile_id
RETURNING *;

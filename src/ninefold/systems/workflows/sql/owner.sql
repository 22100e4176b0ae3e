-- name: owner_find^
-- Read the owner of an organisation.
SELECT *
FROM workflows.owner
WHERE organisation_id = :organisation_id;

-- name: owner_insert^
-- Make an organisation an owner; returns no row if it is one, or if another has the slug.
INSERT INTO workflows.owner (organisation_id, slug)
VALUES (:organisation_id, :slug)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: owner_update^
-- Change the slug of an owner.
UPDATE workflows.owner
SET slug = :slug
WHERE organisation_id = :organisation_id
RETURNING *;

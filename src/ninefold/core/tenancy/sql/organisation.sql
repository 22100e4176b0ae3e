-- name: organisation_delete!
-- Delete an organisation with its credentials, members and invitations.
DELETE FROM tenancy.organisation
WHERE organisation_id = :organisation_id;

-- name: organisation_exists$
-- Return whether there is any organisation.
SELECT EXISTS (SELECT FROM tenancy.organisation);

-- name: organisation_find^
-- Find an organisation by its id.
SELECT organisation_id, name, created_at
FROM tenancy.organisation
WHERE organisation_id = :organisation_id;

-- name: organisation_insert^
-- Add an organisation.
INSERT INTO tenancy.organisation (organisation_id, name)
VALUES (:organisation_id, :name)
RETURNING organisation_id, name, created_at;

-- name: organisation_list
-- List the organisations, oldest first.
SELECT organisation_id, name, created_at
FROM tenancy.organisation
ORDER BY organisation_id
LIMIT :limit;

-- name: organisation_lock!
-- Prevent others from adding an organisation until this transaction ends.
LOCK TABLE tenancy.organisation IN SHARE ROW EXCLUSIVE MODE;

-- name: organisation_lock_members!
-- Prevent others from changing the members of an organisation until this transaction ends.
SELECT 1
FROM tenancy.organisation
WHERE organisation_id = :organisation_id
FOR NO KEY UPDATE;

-- name: secret_delete^
-- Delete a secret of an organisation, or of a repository; returns no row if there is none.
DELETE FROM workflows.secret
WHERE
    organisation_id = :organisation_id
    AND repository_id IS NOT DISTINCT FROM :repository_id::uuid
    AND name = :name
RETURNING secret_id;

-- name: secret_delete_many!
-- Delete secrets that can't be read any more.
DELETE FROM workflows.secret
WHERE secret_id = ANY(:secret_ids::uuid[]);

-- name: secret_list
-- Read the secrets of an organisation, or of a repository, by name and without their values.
SELECT secret_id, name, created_at, updated_at
FROM workflows.secret
WHERE organisation_id = :organisation_id AND repository_id IS NOT DISTINCT FROM :repository_id::uuid
ORDER BY name
LIMIT :limit;

-- name: secret_list_sealed
-- Read what a job of a repository gets: the secrets of the organisation first, then those of the repository.
SELECT secret_id, name, sealed
FROM workflows.secret
WHERE organisation_id = :organisation_id AND (repository_id IS NULL OR repository_id = :repository_id)
ORDER BY repository_id NULLS FIRST, name;

-- name: secret_put^
-- Set a secret.
INSERT INTO workflows.secret (secret_id, organisation_id, repository_id, name, sealed, created_at, updated_at)
VALUES (:secret_id, :organisation_id, :repository_id, :name, :sealed, :at, :at)
ON CONFLICT (organisation_id, repository_id, name) DO UPDATE
SET secret_id = excluded.secret_id, sealed = excluded.sealed, updated_at = excluded.updated_at
RETURNING secret_id, name, created_at, updated_at;

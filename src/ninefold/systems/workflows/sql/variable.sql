-- name: variable_delete^
-- Delete a variable of an organisation, or of a repository; returns no row if there is none.
DELETE FROM workflows.variable
WHERE
    organisation_id = :organisation_id
    AND repository_id IS NOT DISTINCT FROM :repository_id::uuid
    AND name = :name
RETURNING variable_id;

-- name: variable_list
-- Read the variables of an organisation, or of a repository, by name.
SELECT name, value, created_at, updated_at
FROM workflows.variable
WHERE organisation_id = :organisation_id AND repository_id IS NOT DISTINCT FROM :repository_id::uuid
ORDER BY name
LIMIT :limit;

-- name: variable_list_effective
-- Read what a job of a repository gets: the variables of the organisation first, then those of the repository.
SELECT name, value, created_at, updated_at
FROM workflows.variable
WHERE organisation_id = :organisation_id AND (repository_id IS NULL OR repository_id = :repository_id)
ORDER BY repository_id NULLS FIRST, name;

-- name: variable_put^
-- Set a variable.
INSERT INTO workflows.variable (variable_id, organisation_id, repository_id, name, value, created_at, updated_at)
VALUES (:variable_id, :organisation_id, :repository_id, :name, :value, :at, :at)
ON CONFLICT (organisation_id, repository_id, name) DO UPDATE
SET value = excluded.value, updated_at = excluded.updated_at
RETURNING name, value, created_at, updated_at;

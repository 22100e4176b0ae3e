-- name: repository_count$
-- Count the repositories of an organisation.
SELECT count(*)
FROM workflows.repository
WHERE organisation_id = :organisation_id AND deleted_at IS NULL;

-- name: repository_delete^
-- Let nobody see a repository any more; its name is free.
UPDATE workflows.repository AS repository
SET deleted_at = :deleted_at, updated_at = :deleted_at
FROM workflows.owner AS owner
WHERE
    repository.repository_id = :repository_id
    AND repository.organisation_id = :organisation_id
    AND repository.deleted_at IS NULL
    AND owner.organisation_id = repository.organisation_id
RETURNING repository.*, owner.slug AS owner;

-- name: repository_find^
-- Read a repository of an organisation.
SELECT repository.*, owner.slug AS owner
FROM workflows.repository AS repository
INNER JOIN workflows.owner AS owner USING (organisation_id)
WHERE
    repository.repository_id = :repository_id
    AND repository.organisation_id = :organisation_id
    AND repository.deleted_at IS NULL;

-- name: repository_find_by_name^
-- Read a repository of an organisation by its name, in any case.
SELECT repository.*, owner.slug AS owner
FROM workflows.repository AS repository
INNER JOIN workflows.owner AS owner USING (organisation_id)
WHERE
    repository.organisation_id = :organisation_id
    AND lower(repository.name) = lower(:name)
    AND repository.deleted_at IS NULL;

-- name: repository_get^
-- Read a repository by its id, for what the server does by itself.
SELECT repository.*, owner.slug AS owner
FROM workflows.repository AS repository
INNER JOIN workflows.owner AS owner USING (organisation_id)
WHERE repository.repository_id = :repository_id AND repository.deleted_at IS NULL;

-- name: repository_insert^
-- Insert a repository; returns no row when the organisation has one of this name.
WITH inserted AS (
    INSERT INTO workflows.repository (
        repository_id,
        organisation_id,
        name,
        default_branch,
        created_at,
        updated_at
    )
    VALUES (
        :repository_id,
        :organisation_id,
        :name,
        :default_branch,
        :created_at,
        :created_at
    )
    ON CONFLICT DO NOTHING
    RETURNING *
)
SELECT inserted.*, owner.slug AS owner
FROM inserted
INNER JOIN workflows.owner AS owner USING (organisation_id);

-- name: repository_list
-- Read the repositories of an organisation, oldest first, from a position.
SELECT repository.*, owner.slug AS owner
FROM workflows.repository AS repository
INNER JOIN workflows.owner AS owner USING (organisation_id)
WHERE
    repository.organisation_id = :organisation_id
    AND (:after::uuid IS NULL OR repository.repository_id > :after)
    AND repository.deleted_at IS NULL
ORDER BY repository.repository_id
LIMIT :limit;

-- name: repository_list_all
-- Read the ids of all repositories of an organisation, also deleted ones.
SELECT repository_id
FROM workflows.repository
WHERE organisation_id = :organisation_id;

-- name: repository_list_by_github
-- List the repositories of an organisation that name one at GitHub.
SELECT repository_id
FROM workflows.repository
WHERE
    organisation_id = :organisation_id
    AND lower(github_full_name) = lower(:github_full_name)
    AND github_full_name IS NOT NULL
    AND deleted_at IS NULL
ORDER BY repository_id
LIMIT :limit;

-- name: repository_lock^
-- Lock a repository until the end of the transaction: pushes are recorded one after the other.
SELECT repository.*, owner.slug AS owner
FROM workflows.repository AS repository
INNER JOIN workflows.owner AS owner USING (organisation_id)
WHERE repository.repository_id = :repository_id
FOR UPDATE OF repository;

-- name: repository_record_push!
-- Say that a repository was pushed to, and which branch is its default one.
UPDATE workflows.repository
SET pushed_at = :pushed_at, default_branch = :default_branch
WHERE repository_id = :repository_id;

-- name: repository_update^
-- Set what is given for a repository, and leave the rest as it is. Empty texts remove what GitHub's name says.
UPDATE workflows.repository AS repository
SET
    name = coalesce(:name::text, repository.name),
    default_branch = coalesce(:default_branch::text, repository.default_branch),
    github_full_name = nullif(coalesce(:github_full_name::text, repository.github_full_name), ''),
    github_clone_url = CASE
        WHEN :github_full_name::text = '' THEN NULL
        ELSE coalesce(:github_clone_url::text, repository.github_clone_url)
    END,
    default_priority = coalesce(:default_priority::smallint, repository.default_priority),
    updated_at = :updated_at
FROM workflows.owner AS owner
WHERE
    repository.repository_id = :repository_id
    AND repository.organisation_id = :organisation_id
    AND repository.deleted_at IS NULL
    AND owner.organisation_id = repository.organisation_id
RETURNING repository.*, owner.slug AS owner;

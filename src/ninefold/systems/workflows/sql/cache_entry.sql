-- name: cache_entry_delete
-- Delete caches; return their contents.
DELETE FROM workflows.cache_entry
WHERE cache_entry_id = ANY(:cache_entry_ids::uuid[])
RETURNING upload_id;

-- name: cache_entry_find^
-- Read a cache of a repository by all that names it.
SELECT *
FROM workflows.cache_entry
WHERE repository_id = :repository_id AND scope = :scope AND key = :key AND version = :version;

-- name: cache_entry_insert^
-- Insert a cache that is being uploaded; returns no row if there is one already.
INSERT INTO workflows.cache_entry (
    cache_entry_id,
    organisation_id,
    repository_id,
    scope,
    key,
    version,
    state,
    upload_id,
    created_at,
    last_used_at
)
VALUES (
    :cache_entry_id,
    :organisation_id,
    :repository_id,
    :scope,
    :key,
    :version,
    'uploading',
    :upload_id,
    :created_at,
    :created_at
)
ON CONFLICT DO NOTHING
RETURNING cache_entry_id;

-- name: cache_entry_list_of_repository
-- Lock caches of a repository, those that were used least recently first.
SELECT cache_entry_id, size_bytes
FROM workflows.cache_entry
WHERE repository_id = :repository_id
ORDER BY last_used_at
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: cache_entry_list_unused
-- Lock caches that weren't used for long, or that were never finished.
SELECT cache_entry_id
FROM workflows.cache_entry
WHERE last_used_at <= :unused_since OR (state = 'uploading' AND created_at <= :unfinished_before)
ORDER BY last_used_at
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: cache_entry_match^
-- Find the newest cache of a scope that can be used whose key begins so.
SELECT *
FROM workflows.cache_entry
WHERE
    repository_id = :repository_id
    AND scope = :scope
    AND version = :version
    AND state = 'ready'
    AND starts_with(key, :prefix)
ORDER BY ready_at DESC, cache_entry_id DESC
LIMIT 1;

-- name: cache_entry_set_ready!
-- Say that a cache can be used.
UPDATE workflows.cache_entry
SET state = 'ready', ready_at = :ready_at, size_bytes = :size_bytes, last_used_at = :ready_at
WHERE cache_entry_id = :cache_entry_id AND state = 'uploading';

-- name: cache_entry_sum$
-- Sum up the caches of a repository.
SELECT coalesce(sum(size_bytes), 0)::bigint
FROM workflows.cache_entry
WHERE repository_id = :repository_id;

-- name: cache_entry_use!
-- Say that a cache was used.
UPDATE workflows.cache_entry
SET last_used_at = :at
WHERE cache_entry_id = :cache_entry_id;

-- name: ref_delete!
-- Forget the refs of a repository with these names.
DELETE FROM workflows.ref
WHERE repository_id = :repository_id AND name = ANY(:names::text[]);

-- name: ref_list
-- Read the refs of a repository, as the last accepted push left them.
SELECT name, sha
FROM workflows.ref
WHERE repository_id = :repository_id
ORDER BY name;

-- name: ref_put!
-- Record where refs of a repository are.
INSERT INTO workflows.ref (repository_id, name, sha, updated_at)
SELECT :repository_id, moved.name, moved.sha, :updated_at
FROM unnest(:names::text[], :shas::text[]) AS moved (name, sha)
ON CONFLICT (repository_id, name) DO UPDATE
SET sha = excluded.sha, updated_at = excluded.updated_at;

-- name: api_key_find_by_digest^
-- Find the key that a caller presented, and say whether its last use was noted lately.
SELECT
    api_key_id,
    organisation_id,
    revoked_at,
    last_used_at > now() - :noted_within::interval AS is_use_noted
FROM tenancy.api_key
WHERE digest = :digest;

-- name: api_key_insert^
-- Add a key by its digest; answers nothing when the organisation doesn't exist.
INSERT INTO tenancy.api_key (api_key_id, organisation_id, name, prefix, digest)
SELECT :api_key_id, organisation_id, :name, :prefix, :digest
FROM tenancy.organisation
WHERE organisation_id = :organisation_id
RETURNING api_key_id, organisation_id, name, prefix, created_at, last_used_at, revoked_at;

-- name: api_key_list
-- List an organisation's keys, oldest first, revoked ones too.
SELECT api_key_id, organisation_id, name, prefix, created_at, last_used_at, revoked_at
FROM tenancy.api_key
WHERE organisation_id = :organisation_id
ORDER BY api_key_id
LIMIT :limit;

-- name: api_key_note_use!
-- Note that a key has just been used.
UPDATE tenancy.api_key
SET last_used_at = now()
WHERE api_key_id = :api_key_id;

-- name: api_key_revoke^
-- Revoke a key once and for all, of this organisation where one is given; answers nothing when there is no such key.
UPDATE tenancy.api_key
SET revoked_at = coalesce(revoked_at, now())
WHERE api_key_id = :api_key_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id::uuid)
RETURNING api_key_id, organisation_id, name, prefix, created_at, last_used_at, revoked_at;

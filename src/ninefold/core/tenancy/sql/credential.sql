-- name: credential_find_by_digest^
-- Find the credential of this kind that a caller presented, and say whether its last use was noted lately.
SELECT
    credential_id,
    organisation_id,
    account_id,
    scopes,
    CASE WHEN expires_at <= now() THEN expires_at END AS expired_at,
    revoked_at,
    coalesce(last_used_at > now() - :noted_within::interval, FALSE) AS is_use_noted
FROM tenancy.credential
WHERE digest = :digest
    AND kind = :kind;

-- name: credential_insert^
-- Add a credential by its digest; answers nothing when the organisation doesn't exist.
INSERT INTO tenancy.credential (
    credential_id, kind, prefix, digest, organisation_id, account_id, scopes, name, expires_at
)
SELECT
    :credential_id,
    :kind,
    :prefix,
    :digest,
    organisation_id,
    :account_id,
    :scopes,
    :name,
    now() + :expires_in::interval
FROM tenancy.organisation
WHERE organisation_id = :organisation_id
RETURNING
    credential_id,
    kind,
    prefix,
    organisation_id,
    account_id,
    scopes,
    name,
    created_at,
    expires_at,
    last_used_at,
    revoked_at,
    coalesce(expires_at <= now(), FALSE) AS is_expired;

-- name: credential_list
-- List an organisation's credentials of one kind, oldest first, expired and revoked ones too.
SELECT
    credential_id,
    kind,
    prefix,
    organisation_id,
    account_id,
    scopes,
    name,
    created_at,
    expires_at,
    last_used_at,
    revoked_at,
    coalesce(expires_at <= now(), FALSE) AS is_expired
FROM tenancy.credential
WHERE organisation_id = :organisation_id
    AND kind = :kind
ORDER BY credential_id
LIMIT :limit;

-- name: credential_note_use!
-- Note that a credential has just been used.
UPDATE tenancy.credential
SET last_used_at = greatest(now(), created_at)
WHERE credential_id = :credential_id;

-- name: credential_revoke^
-- Revoke a credential of this kind, of this organisation where one is given; a second time keeps the first time.
UPDATE tenancy.credential
SET revoked_at = coalesce(revoked_at, greatest(now(), created_at))
WHERE credential_id = :credential_id
    AND kind = :kind
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id::uuid)
RETURNING
    credential_id,
    kind,
    prefix,
    organisation_id,
    account_id,
    scopes,
    name,
    created_at,
    expires_at,
    last_used_at,
    revoked_at,
    coalesce(expires_at <= now(), FALSE) AS is_expired;

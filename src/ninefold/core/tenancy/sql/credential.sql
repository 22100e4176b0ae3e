-- name: credential_find_by_digest^
-- Find a credential by kind and digest, and whether its last use was recorded recently.
SELECT
    credential_id,
    organisation_id,
    account_id,
    scopes,
    CASE WHEN expires_at <= now() THEN expires_at END AS expired_at,
    revoked_at,
    coalesce(last_used_at > now() - :recorded_within::interval, FALSE) AS is_use_recorded
FROM tenancy.credential
WHERE digest = :digest
    AND kind = :kind;

-- name: credential_insert^
-- Add a credential with its digest; returns no row if the organisation doesn't exist.
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

-- name: credential_list_inactive
-- Of these credentials, list those that are revoked, have expired or don't exist.
SELECT given.credential_id
FROM unnest(:credential_ids::uuid[]) AS given (credential_id)
WHERE NOT EXISTS (
    SELECT FROM tenancy.credential
    WHERE credential.credential_id = given.credential_id
        AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > now())
);

-- name: credential_record_use!
-- Record that a credential was just used.
UPDATE tenancy.credential
SET last_used_at = greatest(now(), created_at)
WHERE credential_id = :credential_id;

-- name: credential_revoke^
-- Revoke a credential of this kind, of this organisation if one is given; a repetition keeps the first time.
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

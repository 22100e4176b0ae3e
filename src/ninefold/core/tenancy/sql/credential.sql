-- name: credential_delete_expired$
-- Delete credentials of these kinds that ended long ago, at most `limit` of them; returns how many.
WITH deleted AS (
    DELETE FROM tenancy.credential
    WHERE credential_id IN (
        SELECT credential_id
        FROM tenancy.credential
        WHERE kind = ANY(:kinds::text[])
            AND expires_at < now() - :retention::interval
        ORDER BY expires_at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*)
FROM deleted;

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

-- name: credential_find_link^
-- Find the credential of a link; returns no row if there is none, or it has ended.
SELECT credential_id, organisation_id, account_id
FROM tenancy.credential
WHERE digest = :digest
    AND kind = :kind
    AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > now());

-- name: credential_find_personal^
-- Find a person's credential by kind and digest, with the membership in an organisation; by default its own one.
SELECT
    credential.credential_id,
    credential.account_id,
    membership.organisation_id,
    membership.role,
    credential.scopes,
    CASE
        WHEN credential.expires_at <= now() THEN credential.expires_at
        WHEN coalesce(credential.last_used_at, credential.created_at) + :idle_max::interval <= now()
            THEN coalesce(credential.last_used_at, credential.created_at) + :idle_max::interval
    END AS expired_at,
    coalesce(credential.revoked_at, account.disabled_at) AS revoked_at,
    coalesce(credential.last_used_at > now() - :recorded_within::interval, FALSE) AS is_use_recorded
FROM tenancy.credential
INNER JOIN tenancy.account USING (account_id)
LEFT JOIN tenancy.membership
    ON membership.account_id = credential.account_id
    AND membership.organisation_id = coalesce(:organisation_id::uuid, credential.organisation_id)
WHERE credential.digest = :digest
    AND credential.kind = :kind;

-- name: credential_insert^
-- Add a credential with its digest; returns no row if the organisation doesn't exist.
INSERT INTO tenancy.credential (
    credential_id, kind, prefix, digest, organisation_id, account_id, scopes, name, created_from, expires_at
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
    :created_from,
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

-- name: credential_insert_of_account$
-- Add an account's credential that may have no organisation; returns when it expires.
INSERT INTO tenancy.credential (
    credential_id, kind, prefix, digest, organisation_id, account_id, scopes, name, created_from, expires_at
)
VALUES (
    :credential_id,
    :kind,
    :prefix,
    :digest,
    :organisation_id,
    :account_id,
    '{}',
    :name,
    :created_from,
    now() + :expires_in::interval
)
RETURNING expires_at;

-- name: credential_leave_organisation!
-- Let the sessions of people that are in an organisation be in none.
UPDATE tenancy.credential
SET organisation_id = NULL
WHERE organisation_id = :organisation_id
    AND account_id IS NOT NULL
    AND kind = :kind;

-- name: credential_list
-- List an organisation's credentials of one kind, or of an account, or by id, oldest first, with the ended ones.
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
    AND (:account_id::uuid IS NULL OR account_id = :account_id::uuid)
    AND (:credential_ids::uuid[] IS NULL OR credential_id = ANY(:credential_ids::uuid[]))
ORDER BY credential_id
LIMIT :limit;

-- name: credential_list_access
-- Return what credentials allow now, each in an organisation; those whose access has ended are missing.
SELECT given.credential_id, given.organisation_id, credential.scopes, credential.kind, membership.role
FROM unnest(:credential_ids::uuid[], :organisation_ids::uuid[]) AS given (credential_id, organisation_id)
INNER JOIN tenancy.credential ON credential.credential_id = given.credential_id
LEFT JOIN tenancy.account ON account.account_id = credential.account_id
LEFT JOIN tenancy.membership
    ON membership.account_id = credential.account_id
    AND membership.organisation_id = given.organisation_id
WHERE credential.revoked_at IS NULL
    AND (credential.expires_at IS NULL OR credential.expires_at > now())
    AND account.disabled_at IS NULL;

-- name: credential_list_sessions
-- List an account's credentials of one kind that haven't ended, newest first.
SELECT
    credential_id AS session_id,
    name AS client,
    created_from,
    created_at,
    last_used_at,
    expires_at
FROM tenancy.credential
WHERE account_id = :account_id
    AND kind = :kind
    AND revoked_at IS NULL
    AND expires_at > now()
    AND coalesce(last_used_at, created_at) + :idle_max::interval > now()
ORDER BY credential_id DESC
LIMIT :limit;

-- name: credential_record_use!
-- Record that a credential was just used.
UPDATE tenancy.credential
SET last_used_at = greatest(now(), created_at)
WHERE credential_id = :credential_id;

-- name: credential_revoke^
-- Revoke a credential of this kind, of this organisation and account if given; a repetition keeps the first time.
UPDATE tenancy.credential
SET revoked_at = coalesce(revoked_at, greatest(now(), created_at))
WHERE credential_id = :credential_id
    AND kind = :kind
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id::uuid)
    AND (:account_id::uuid IS NULL OR account_id = :account_id::uuid)
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

-- name: credential_revoke_of_account$
-- Revoke an account's credentials of these kinds, but not the one to keep; returns how many.
WITH revoked AS (
    UPDATE tenancy.credential
    SET revoked_at = greatest(now(), created_at)
    WHERE account_id = :account_id
        AND kind = ANY(:kinds::text[])
        AND revoked_at IS NULL
        AND (:kept_id::uuid IS NULL OR credential_id <> :kept_id::uuid)
        AND (:credential_id::uuid IS NULL OR credential_id = :credential_id::uuid)
        AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id::uuid)
    RETURNING 1
)
SELECT count(*)
FROM revoked;

-- name: credential_revoke_of_kind!
-- Revoke all credentials of a kind.
UPDATE tenancy.credential
SET revoked_at = greatest(now(), created_at)
WHERE kind = :kind
    AND revoked_at IS NULL;

-- name: credential_set_organisation!
-- Change the organisation of a credential of an account.
UPDATE tenancy.credential
SET organisation_id = :organisation_id
WHERE credential_id = :credential_id
    AND account_id IS NOT NULL;

-- name: credential_use_link^
-- Revoke a credential by using it; returns no row if there is none, or it has ended.
UPDATE tenancy.credential
SET revoked_at = greatest(now(), created_at), last_used_at = greatest(now(), created_at)
WHERE digest = :digest
    AND kind = :kind
    AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > now())
RETURNING credential_id, organisation_id, account_id;

-- name: account_delete_recovery_codes!
-- Delete all recovery codes of an account.
DELETE FROM tenancy.recovery_code
WHERE account_id = :account_id;

-- name: account_exists$
-- Return whether there is any account.
SELECT EXISTS (SELECT FROM tenancy.account);

-- name: account_find^
-- Find an account by its id.
SELECT
    account_id,
    email,
    name,
    created_at,
    disabled_at,
    password_hash,
    password_changed_at,
    totp_sealed,
    totp_enabled_at,
    totp_last_step
FROM tenancy.account
WHERE account_id = :account_id;

-- name: account_find_by_email^
-- Find an account by its mail address, which must be in lower case.
SELECT
    account_id,
    email,
    name,
    created_at,
    disabled_at,
    password_hash,
    password_changed_at,
    totp_sealed,
    totp_enabled_at,
    totp_last_step
FROM tenancy.account
WHERE email = :email;

-- name: account_insert^
-- Add an account; returns no row if another has the mail address.
INSERT INTO tenancy.account (account_id, email, name)
VALUES (:account_id, :email, :name)
ON CONFLICT (email) DO NOTHING
RETURNING
    account_id,
    email,
    name,
    created_at,
    disabled_at,
    password_hash,
    password_changed_at,
    totp_sealed,
    totp_enabled_at,
    totp_last_step;

-- name: account_insert_recovery_codes!
-- Add recovery codes, by their digests.
INSERT INTO tenancy.recovery_code (account_id, digest)
SELECT :account_id, digest
FROM unnest(:digests::bytea[]) AS digest;

-- name: account_list
-- List accounts with their memberships, oldest first.
SELECT
    account.account_id,
    account.email,
    account.name,
    account.created_at,
    account.disabled_at,
    account.password_hash IS NOT NULL AS has_password,
    account.totp_enabled_at IS NOT NULL AS has_totp,
    coalesce(
        array_agg(membership.role || ' of ' || organisation.name ORDER BY organisation.organisation_id)
        FILTER (WHERE membership.role IS NOT NULL),
        '{}'
    ) AS memberships
FROM tenancy.account
LEFT JOIN tenancy.membership USING (account_id)
LEFT JOIN tenancy.organisation USING (organisation_id)
GROUP BY account.account_id
ORDER BY account.account_id
LIMIT :limit;

-- name: account_lock^
-- Find an account, and prevent others from changing it until this transaction ends.
SELECT
    account_id,
    email,
    name,
    created_at,
    disabled_at,
    password_hash,
    password_changed_at,
    totp_sealed,
    totp_enabled_at,
    totp_last_step
FROM tenancy.account
WHERE account_id = :account_id
FOR UPDATE;

-- name: account_lock_all!
-- Prevent others from adding an account until this transaction ends.
LOCK TABLE tenancy.account IN SHARE ROW EXCLUSIVE MODE;

-- name: account_replace_totp!
-- Replace the sealed secret of an authenticator app, which stays enabled if it is.
UPDATE tenancy.account
SET totp_sealed = :totp_sealed
WHERE account_id = :account_id;

-- name: account_set_disabled^
-- Disable an account, or enable it again; a repetition keeps the first time.
UPDATE tenancy.account
SET disabled_at = CASE WHEN :is_disabled THEN coalesce(disabled_at, now()) END
WHERE account_id = :account_id
RETURNING
    account_id,
    email,
    name,
    created_at,
    disabled_at,
    password_hash,
    password_changed_at,
    totp_sealed,
    totp_enabled_at,
    totp_last_step;

-- name: account_set_name!
-- Change the name of an account.
UPDATE tenancy.account
SET name = :name
WHERE account_id = :account_id;

-- name: account_set_password!
-- Change the password of an account.
UPDATE tenancy.account
SET password_hash = :password_hash, password_changed_at = now()
WHERE account_id = :account_id;

-- name: account_set_totp!
-- Store the secret of an authenticator app that isn't enabled yet, or remove the app.
UPDATE tenancy.account
SET totp_sealed = :totp_sealed, totp_secret = NULL, totp_enabled_at = NULL, totp_last_step = NULL
WHERE account_id = :account_id;

-- name: account_set_totp_step!
-- Store the time step of an accepted code; the first one enables the authenticator app.
UPDATE tenancy.account
SET totp_last_step = :totp_last_step, totp_enabled_at = coalesce(totp_enabled_at, now())
WHERE account_id = :account_id;

-- name: account_use_recovery_code$
-- Use a recovery code; returns no row if there is no such code, or it was used before.
UPDATE tenancy.recovery_code
SET used_at = now()
WHERE account_id = :account_id
    AND digest = :digest
    AND used_at IS NULL
RETURNING TRUE;

-- name: membership_count_owners$
-- Count an organisation's owners whose accounts aren't disabled.
SELECT count(*)
FROM tenancy.membership
INNER JOIN tenancy.account USING (account_id)
WHERE membership.organisation_id = :organisation_id
    AND membership.role = 'owner'
    AND account.disabled_at IS NULL;

-- name: membership_delete!
-- Remove a member.
DELETE FROM tenancy.membership
WHERE organisation_id = :organisation_id
    AND account_id = :account_id;

-- name: membership_find_member^
-- Find a member of an organisation.
SELECT
    account.account_id,
    account.email,
    account.name,
    membership.role,
    membership.created_at AS joined_at,
    account.disabled_at IS NOT NULL AS is_disabled,
    account.totp_enabled_at IS NOT NULL AS has_totp
FROM tenancy.membership
INNER JOIN tenancy.account USING (account_id)
WHERE membership.organisation_id = :organisation_id
    AND membership.account_id = :account_id;

-- name: membership_insert$
-- Add a member; returns no row if the account is a member already.
INSERT INTO tenancy.membership (organisation_id, account_id, role)
VALUES (:organisation_id, :account_id, :role)
ON CONFLICT (organisation_id, account_id) DO NOTHING
RETURNING TRUE;

-- name: membership_list
-- List the organisations of an account, oldest first.
SELECT organisation_id, organisation.name AS organisation_name, membership.role
FROM tenancy.membership
INNER JOIN tenancy.organisation USING (organisation_id)
WHERE membership.account_id = :account_id
ORDER BY organisation_id
LIMIT :limit;

-- name: membership_list_members
-- List the members of an organisation, by their accounts.
SELECT
    account.account_id,
    account.email,
    account.name,
    membership.role,
    membership.created_at AS joined_at,
    account.disabled_at IS NOT NULL AS is_disabled,
    account.totp_enabled_at IS NOT NULL AS has_totp
FROM tenancy.membership
INNER JOIN tenancy.account USING (account_id)
WHERE membership.organisation_id = :organisation_id
    AND (:after::uuid IS NULL OR membership.account_id > :after::uuid)
ORDER BY membership.account_id
LIMIT :limit;

-- name: membership_set_role!
-- Change the role of a member.
UPDATE tenancy.membership
SET role = :role
WHERE organisation_id = :organisation_id
    AND account_id = :account_id;

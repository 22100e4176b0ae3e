-- name: invitation_accept!
-- Record who accepted an invitation.
UPDATE tenancy.invitation
SET accepted_at = now(), accepted_by = :account_id
WHERE invitation_id = :invitation_id;

-- name: invitation_find^
-- Find an invitation, of this organisation if one is given.
SELECT
    invitation.invitation_id,
    invitation.organisation_id,
    organisation.name AS organisation_name,
    invitation.email,
    invitation.role,
    credential.created_at,
    credential.expires_at,
    account.email AS invited_by,
    invitation.accepted_at,
    credential.revoked_at,
    credential.expires_at <= now() AS is_expired
FROM tenancy.invitation
INNER JOIN tenancy.credential ON credential.credential_id = invitation.invitation_id
INNER JOIN tenancy.organisation ON organisation.organisation_id = invitation.organisation_id
LEFT JOIN tenancy.account ON account.account_id = invitation.invited_by
WHERE invitation.invitation_id = :invitation_id
    AND (:organisation_id::uuid IS NULL OR invitation.organisation_id = :organisation_id::uuid);

-- name: invitation_insert!
-- Add an invitation, whose link is a credential with the same id.
INSERT INTO tenancy.invitation (invitation_id, organisation_id, email, role, invited_by)
VALUES (:invitation_id, :organisation_id, :email, :role, :invited_by);

-- name: invitation_list
-- List an organisation's invitations, newest first.
SELECT
    invitation.invitation_id,
    invitation.organisation_id,
    organisation.name AS organisation_name,
    invitation.email,
    invitation.role,
    credential.created_at,
    credential.expires_at,
    account.email AS invited_by,
    invitation.accepted_at,
    credential.revoked_at,
    credential.expires_at <= now() AS is_expired
FROM tenancy.invitation
INNER JOIN tenancy.credential ON credential.credential_id = invitation.invitation_id
INNER JOIN tenancy.organisation ON organisation.organisation_id = invitation.organisation_id
LEFT JOIN tenancy.account ON account.account_id = invitation.invited_by
WHERE invitation.organisation_id = :organisation_id
    AND (:before::uuid IS NULL OR invitation.invitation_id < :before::uuid)
ORDER BY invitation.invitation_id DESC
LIMIT :limit;

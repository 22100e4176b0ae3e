-- name: ticket_delete_expired!
-- Forget secrets that are not valid any more.
DELETE FROM messaging.ticket
WHERE digest IN (
    SELECT digest
    FROM messaging.ticket
    WHERE expires_at < now() - :kept::interval
    LIMIT :limit
);

-- name: ticket_find^
-- Read a secret, whether it is still valid or not.
SELECT
    *,
    expires_at <= now() AS is_expired
FROM messaging.ticket
WHERE digest = :digest AND purpose = :purpose;

-- name: ticket_insert!
-- Insert a secret.
INSERT INTO messaging.ticket (
    digest,
    purpose,
    organisation_id,
    credential_id,
    app_id,
    member_id,
    channel_id,
    message_sequence,
    base_url,
    uses_left,
    expires_at
)
VALUES (
    :digest,
    :purpose,
    :organisation_id,
    :credential_id,
    :app_id,
    :member_id,
    :channel_id,
    :message_sequence,
    :base_url,
    :uses_left,
    now() + :valid_for::interval
);

-- name: ticket_use^
-- Use a secret once; returns no row when it has been used up, is expired, or doesn't exist.
UPDATE messaging.ticket
SET uses_left = uses_left - 1
WHERE digest = :digest
    AND purpose = :purpose
    AND uses_left > 0
    AND expires_at > now()
RETURNING
    *,
    FALSE AS is_expired;

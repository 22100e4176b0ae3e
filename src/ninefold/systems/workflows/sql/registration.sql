-- name: registration_delete_expired!
-- Delete registrations that have expired.
DELETE FROM workflows.registration
WHERE expires_at < statement_timestamp();

-- name: registration_find_by_digest^
-- Find a registration that is valid by the digest of its token.
SELECT
    registration_id,
    organisation_id,
    created_at,
    expires_at
FROM workflows.registration
WHERE digest = :digest AND (expires_at IS NULL OR expires_at > statement_timestamp());

-- name: registration_insert!
-- Add a registration; one that is there already stays.
INSERT INTO workflows.registration (registration_id, organisation_id, digest, expires_at)
VALUES (:registration_id, :organisation_id, :digest, clock_timestamp() + :lifetime::interval)
ON CONFLICT (digest) DO NOTHING;

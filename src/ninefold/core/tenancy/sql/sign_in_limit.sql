-- name: sign_in_limit_delete!
-- Forget the failed sign-ins of a subject.
DELETE FROM tenancy.sign_in_limit
WHERE subject = :subject
    AND digest = :digest;

-- name: sign_in_limit_delete_old$
-- Forget subjects without a failed sign-in since a time, at most `limit` of them; returns how many.
WITH deleted AS (
    DELETE FROM tenancy.sign_in_limit
    WHERE (subject, digest) IN (
        SELECT subject, digest
        FROM tenancy.sign_in_limit
        WHERE last_failed_at < :failed_before
            AND (locked_until IS NULL OR locked_until < :failed_before)
        ORDER BY last_failed_at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*)
FROM deleted;

-- name: sign_in_limit_lock^
-- Return the failed sign-ins of a subject, and lock its row until the transaction ends.
INSERT INTO tenancy.sign_in_limit (subject, digest)
VALUES (:subject, :digest)
ON CONFLICT (subject, digest) DO UPDATE SET subject = excluded.subject
RETURNING failure_count, last_failed_at, locked_until;

-- name: sign_in_limit_update!
-- Store the failed sign-ins of a subject.
UPDATE tenancy.sign_in_limit
SET failure_count = :failure_count, last_failed_at = :last_failed_at, locked_until = :locked_until
WHERE subject = :subject
    AND digest = :digest;

-- name: dedupe_key_claim
-- Insert digests of callbacks, unless they are known and their window hasn't ended; return the callback of each.
-- They are inserted in one order everywhere, so that two transactions can't deadlock.
INSERT INTO callbacks.dedupe_key AS known (source_id, digest, callback_id, expires_at)
SELECT
    claim.source_id,
    claim.digest,
    claim.callback_id,
    now() + :window::interval
FROM unnest(
    :source_ids::uuid[],
    :digests::bytea[],
    :callback_ids::uuid[]
) AS claim (source_id, digest, callback_id)
ORDER BY claim.source_id, claim.digest
ON CONFLICT (source_id, digest) DO UPDATE
SET
    callback_id = CASE WHEN known.expires_at <= now() THEN excluded.callback_id ELSE known.callback_id END,
    expires_at = CASE WHEN known.expires_at <= now() THEN excluded.expires_at ELSE known.expires_at END
RETURNING source_id, digest, callback_id;

-- name: dedupe_key_delete!
-- Delete digests that this transaction has claimed.
DELETE FROM callbacks.dedupe_key AS known
USING unnest(
    :source_ids::uuid[],
    :digests::bytea[]
) AS wrong (source_id, digest)
WHERE known.source_id = wrong.source_id
    AND known.digest = wrong.digest;

-- name: dedupe_key_delete_expired$
-- Delete digests whose window has ended, up to a limit; return how many.
WITH deleted AS (
    DELETE FROM callbacks.dedupe_key
    WHERE (source_id, digest) IN (
        SELECT source_id, digest
        FROM callbacks.dedupe_key
        WHERE expires_at <= now()
        ORDER BY expires_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)

SELECT count(*) AS count
FROM deleted;

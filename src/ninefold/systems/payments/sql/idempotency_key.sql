-- name: idempotency_key_check_owner$
-- Fail if the connection is lost, and with it the lock of this server.
SELECT TRUE;

-- name: idempotency_key_claim^
-- Store a request with a new key, or take over one whose server has died; returns no row if neither is possible.
INSERT INTO payments.idempotency_key AS stored (
    merchant_id,
    key,
    request_hash,
    method,
    path,
    parameters,
    state,
    request_id,
    claim_id,
    owner_number,
    locked_until,
    created_at
)
VALUES (
    :merchant_id,
    :key,
    :request_hash,
    :method,
    :path,
    :parameters::text::jsonb,
    'in_flight',
    :request_id,
    :claim_id,
    :owner_number,
    :locked_until,
    :at
)
ON CONFLICT (merchant_id, key) DO UPDATE
SET
    claim_id = excluded.claim_id,
    owner_number = excluded.owner_number,
    locked_until = excluded.locked_until
WHERE
    stored.state = 'in_flight'
    AND stored.request_hash = excluded.request_hash
    AND (
        stored.locked_until <= :at
        OR (
            stored.owner_number IS NOT NULL
            AND NOT EXISTS (
                SELECT 1
                FROM pg_locks
                WHERE
                    locktype = 'advisory'
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND classid = :lock_class::integer::oid
                    AND objid = stored.owner_number::oid
                    AND granted
            )
        )
    )
RETURNING *;

-- name: idempotency_key_delete!
-- Forget a request that has made nothing, if it is still this claim's.
DELETE FROM payments.idempotency_key
WHERE
    merchant_id = :merchant_id
    AND key = :key
    AND claim_id = :claim_id
    AND state = 'in_flight'
    AND intent_id IS NULL;

-- name: idempotency_key_delete_before$
-- Delete old keys; returns how many.
WITH deleted AS (
    DELETE FROM payments.idempotency_key
    WHERE (merchant_id, key) IN (
        SELECT merchant_id, key
        FROM payments.idempotency_key
        WHERE created_at < :before
        ORDER BY created_at
        LIMIT :limit
    )
    RETURNING key
)
SELECT count(*)
FROM deleted;

-- name: idempotency_key_drop_owner$
-- Give up the lock of this server.
SELECT pg_advisory_unlock_all();

-- name: idempotency_key_find^
-- Read the request of a key.
SELECT *
FROM payments.idempotency_key
WHERE merchant_id = :merchant_id AND key = :key;

-- name: idempotency_key_finish$
-- Store the answer to a request, if it is still this claim's; returns whether it was.
UPDATE payments.idempotency_key
SET
    state = 'done',
    status = :status,
    body = :body,
    finished_at = :at
WHERE merchant_id = :merchant_id AND key = :key AND claim_id = :claim_id AND state = 'in_flight'
RETURNING TRUE;

-- name: idempotency_key_hold_owner$
-- Hold an advisory lock as long as the connection lasts, which tells others that this server lives.
SELECT pg_advisory_lock(:lock_class, :owner_number);

-- name: idempotency_key_note$
-- Store what a request has made so far, if it is still this claim's; returns whether it was.
UPDATE payments.idempotency_key
SET
    intent_id = :intent_id,
    attempt_id = :attempt_id,
    refund_id = :refund_id
WHERE merchant_id = :merchant_id AND key = :key AND claim_id = :claim_id AND state = 'in_flight'
RETURNING TRUE;

-- name: idempotency_key_release!
-- Let the next request with this key go on at once, if it is still this claim's.
UPDATE payments.idempotency_key
SET locked_until = :at
WHERE merchant_id = :merchant_id AND key = :key AND claim_id = :claim_id AND state = 'in_flight';

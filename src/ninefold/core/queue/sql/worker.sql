-- name: worker_delete!
-- Forget a worker that has given back all it held.
DELETE FROM queue.worker
WHERE worker_id = :worker_id;

-- name: worker_delete_expired
-- Delete the workers whose lease has run out, but for those that another worker deletes at the moment.
DELETE FROM queue.worker
WHERE worker_id IN (
    SELECT worker_id
    FROM queue.worker
    WHERE lease_expires_at < statement_timestamp()
    ORDER BY worker_id
    FOR UPDATE SKIP LOCKED
)
RETURNING worker_id;

-- name: worker_extend$
-- Prolong a living worker's lease; answers nothing when it has been forgotten.
UPDATE queue.worker
SET lease_expires_at = clock_timestamp() + :duration
WHERE worker_id = :worker_id
RETURNING worker_id;

-- name: worker_insert!
-- Register a worker process with its first lease.
INSERT INTO queue.worker (worker_id, host, pid, lease_expires_at)
VALUES (:worker_id, :host, :pid, clock_timestamp() + :duration);

-- name: worker_lock_shared$
-- Keep a worker from being forgotten until this transaction ends; answers nothing when it already has been.
SELECT worker_id
FROM queue.worker
WHERE worker_id = :worker_id
FOR SHARE;

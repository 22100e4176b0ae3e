-- name: worker_count_alive$
-- Count the workers whose lease hasn't expired.
SELECT count(*)
FROM queue.worker
WHERE lease_expires_at >= statement_timestamp();

-- name: worker_delete!
-- Delete a worker that has released its rows.
DELETE FROM queue.worker
WHERE worker_id = :worker_id;

-- name: worker_delete_expired
-- Delete the workers whose lease has expired; skip those that another transaction is deleting or has locked.
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
-- Extend a worker's lease; returns no row when the worker has been deleted.
UPDATE queue.worker
SET lease_expires_at = clock_timestamp() + :duration
WHERE worker_id = :worker_id
RETURNING worker_id;

-- name: worker_insert!
-- Insert a worker process with its first lease.
INSERT INTO queue.worker (worker_id, host, pid, lease_expires_at)
VALUES (:worker_id, :host, :pid, clock_timestamp() + :duration);

-- name: worker_list
-- List the workers, and how many seconds each has been running.
SELECT
    worker_id,
    extract(EPOCH FROM clock_timestamp() - started_at)::double precision AS age_s
FROM queue.worker
ORDER BY worker_id;

-- name: worker_list_expired
-- List the workers whose lease has expired.
SELECT worker_id
FROM queue.worker
WHERE lease_expires_at < statement_timestamp()
ORDER BY worker_id;

-- name: worker_lock_shared$
-- Keep others from deleting a worker until this transaction ends; returns no row when it has already been deleted.
SELECT worker_id
FROM queue.worker
WHERE worker_id = :worker_id
FOR SHARE;

-- name: worker_lock_shared_unflushed$
-- Do the same, and let this transaction commit without waiting for the disk.
SELECT
    worker_id,
    set_config('synchronous_commit', 'off', TRUE) AS synchronous_commit
FROM queue.worker
WHERE worker_id = :worker_id
FOR SHARE;

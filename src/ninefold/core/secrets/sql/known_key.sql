-- name: known_key_delete!
-- Delete keys that nothing is sealed with any more.
DELETE FROM secrets.known_key
WHERE key_id = ANY(:key_ids::bytea[]);

-- name: known_key_insert!
-- Insert a key that seals from now on, if it isn't known.
INSERT INTO secrets.known_key (key_id)
VALUES (:key_id)
ON CONFLICT DO NOTHING;

-- name: known_key_list
-- Read the ids of the keys that every process must have.
SELECT key_id
FROM secrets.known_key
ORDER BY created_at, key_id;

-- name: known_key_lock!
-- Make other processes that start, or that change keys, wait until the transaction ends.
LOCK TABLE secrets.known_key IN EXCLUSIVE MODE;

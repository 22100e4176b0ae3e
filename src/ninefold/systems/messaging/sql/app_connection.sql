-- name: app_connection_count$
-- Count the open connections of an app.
SELECT count(*)
FROM messaging.app_connection
WHERE app_id = :app_id AND seen_at > now() - :seen_within::interval;

-- name: app_connection_delete!
-- Forget a connection that has ended.
DELETE FROM messaging.app_connection
WHERE connection_id = :connection_id;

-- name: app_connection_delete_old!
-- Forget the connections of servers that died.
DELETE FROM messaging.app_connection
WHERE seen_at < now() - :seen_within::interval;

-- name: app_connection_upsert!
-- Write that a connection is open, and that its app listens from now on.
WITH listening AS (
    UPDATE messaging.app
    SET listens_until = now() + :listens_for::interval
    WHERE app_id = :app_id
)

INSERT INTO messaging.app_connection (connection_id, app_id)
VALUES (:connection_id, :app_id)
ON CONFLICT (connection_id) DO UPDATE
SET seen_at = now();

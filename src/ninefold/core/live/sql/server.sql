-- name: server_delete
-- Delete a server that stops, and with it its clients; returns the channels that have changed.
WITH gone AS (
    DELETE FROM live.member
    WHERE server_id = :server_id
    RETURNING channel
), deleted AS (
    DELETE FROM live.server
    WHERE server_id = :server_id
)
SELECT DISTINCT channel
FROM gone;

-- name: server_delete_expired
-- Delete the servers that haven't been seen for a while, and with them their clients; returns the channels that changed.
WITH expired AS (
    SELECT server_id
    FROM live.server
    WHERE seen_at < now() - :expiry::interval
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM live.member
    USING expired
    WHERE member.server_id = expired.server_id
    RETURNING member.channel
), deleted AS (
    DELETE FROM live.server
    USING expired
    WHERE server.server_id = expired.server_id
)
SELECT DISTINCT channel
FROM gone;

-- name: server_extend^
-- Record that a server is alive; returns whether it was unknown, so that its clients have to be added again.
INSERT INTO live.server (server_id)
VALUES (:server_id)
ON CONFLICT (server_id) DO UPDATE SET seen_at = now()
RETURNING xmax = 0 AS is_new;

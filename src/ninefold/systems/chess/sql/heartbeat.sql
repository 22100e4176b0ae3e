-- name: heartbeat_lock$
-- Return when a server was last noted to run, or NULL if none was, and keep others from noting it meanwhile.
SELECT beat_at
FROM chess.heartbeat
FOR UPDATE;

-- name: heartbeat_upsert!
-- Note that a server runs.
INSERT INTO chess.heartbeat (beat_at)
VALUES (:beat_at)
ON CONFLICT (is_only) DO UPDATE
SET beat_at = greatest(heartbeat.beat_at, excluded.beat_at);

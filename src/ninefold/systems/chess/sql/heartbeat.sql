-- name: heartbeat_beat$
-- Note that the installation runs; return when that was last noted, or NULL the first time.
WITH earlier AS (
    SELECT beat_at
    FROM chess.heartbeat
    FOR UPDATE
)
INSERT INTO chess.heartbeat (beat_at)
VALUES (:beat_at)
ON CONFLICT (is_only) DO UPDATE
SET beat_at = greatest(heartbeat.beat_at, excluded.beat_at)
RETURNING (SELECT earlier.beat_at FROM earlier);

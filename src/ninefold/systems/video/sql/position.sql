-- name: position_delete$
-- Delete how far a profile is in a title; returns no row if that isn't known.
DELETE FROM video.position
WHERE profile_id = :profile_id AND title_id = :title_id
RETURNING title_id;

-- name: position_insert$
-- Insert how far a profile is in a title; returns no row if that is known already.
INSERT INTO video.position (profile_id, title_id, position_ms, watched_at, device, is_finished, finished_at)
VALUES (:profile_id, :title_id, :position_ms, :watched_at, :device, :is_finished, :finished_at)
ON CONFLICT DO NOTHING
RETURNING title_id;

-- name: position_lock^
-- Read how far a profile is in a title, and keep others from changing it until the transaction ends.
SELECT *
FROM video.position
WHERE profile_id = :profile_id AND title_id = :title_id
FOR UPDATE;

-- name: position_update!
-- Write how far a profile is in a title.
UPDATE video.position
SET position_ms = :position_ms,
    watched_at = :watched_at,
    device = :device,
    is_finished = :is_finished,
    finished_at = :finished_at
WHERE profile_id = :profile_id AND title_id = :title_id;

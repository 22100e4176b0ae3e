-- name: pin_delete^
-- Delete a pin; returns no row when the message wasn't pinned.
DELETE FROM messaging.pin
WHERE channel_id = :channel_id AND sequence = :sequence
RETURNING sequence;

-- name: pin_insert^
-- Insert a pin; returns no row when the message is pinned.
INSERT INTO messaging.pin (channel_id, sequence, member_id, at)
VALUES (:channel_id, :sequence, :member_id, :at)
ON CONFLICT (channel_id, sequence) DO NOTHING
RETURNING sequence;

-- name: pin_list
-- Read the pins of a channel, latest first.
SELECT *
FROM messaging.pin
WHERE channel_id = :channel_id
ORDER BY at DESC, sequence DESC
LIMIT :limit;

-- name: pin_list_sequences
-- Read which of several messages of a channel are pinned.
SELECT sequence
FROM messaging.pin
WHERE channel_id = :channel_id AND sequence = ANY(:sequences::bigint[]);

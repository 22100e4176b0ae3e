-- name: sent_find^
-- Read which message an id of a client became; no row if it is new.
SELECT
    channel_id,
    sequence
FROM messaging.sent
WHERE member_id = :member_id AND client_msg_id = :client_msg_id;

-- name: sent_insert^
-- Keep which message an id of a client becomes; returns no row when it has become one.
INSERT INTO messaging.sent (member_id, client_msg_id, channel_id, sequence)
VALUES (:member_id, :client_msg_id, :channel_id, :sequence)
ON CONFLICT (member_id, client_msg_id) DO NOTHING
RETURNING sequence;

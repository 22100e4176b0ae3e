-- name: sent_find^
-- Read which message an id of a client became; no row if it is new.
SELECT
    channel_id,
    sequence
FROM messaging.sent
WHERE member_id = :member_id AND client_msg_id = :client_msg_id;

-- name: event_find_text_before^
-- Read the entry with the text that a message had before an edit: an earlier edit, or the message itself.
SELECT *
FROM messaging.event
WHERE channel_id = :channel_id
    AND sequence < :sequence
    AND (sequence = :message_sequence OR (message_sequence = :message_sequence AND type = 'message_edited'))
ORDER BY sequence DESC
LIMIT 1;

-- name: event_list
-- Read the next entries of several logs: of each the first ones after a sequence, up to a limit.
SELECT event.*
FROM unnest(:channel_ids::uuid[], :after::bigint[]) AS cursor (channel_id, after)
CROSS JOIN LATERAL (
    SELECT *
    FROM messaging.event
    WHERE event.channel_id = cursor.channel_id
        AND event.sequence > cursor.after
    ORDER BY event.sequence
    LIMIT :limit
) AS event
ORDER BY event.channel_id, event.sequence;

-- name: event_update_blank!
-- Remove what a message has said from the log.
UPDATE messaging.event
SET payload = payload - 'text' - 'blocks' - 'file_ids'
WHERE channel_id = :channel_id
    AND (sequence = :sequence OR (message_sequence = :sequence AND type = 'message_edited'));

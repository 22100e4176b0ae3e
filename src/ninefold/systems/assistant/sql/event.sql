-- name: event_insert!
-- Insert events into the logs of responses, in the transaction that has given them their numbers.
INSERT INTO assistant.event (response_id, sequence, type, payload)
SELECT
    entry.response_id,
    entry.sequence,
    entry.type,
    entry.payload::json
FROM unnest(:response_ids::uuid[], :sequences::bigint[], :types::text[], :payloads::text[])
    AS entry (response_id, sequence, type, payload);

-- name: event_list
-- Read the next events of several logs: of each the first ones after a number, up to a limit.
SELECT
    event.response_id,
    event.sequence,
    event.type,
    event.payload
FROM unnest(:response_ids::uuid[], :after::bigint[]) AS cursor (response_id, after)
CROSS JOIN LATERAL (
    SELECT *
    FROM assistant.event
    WHERE event.response_id = cursor.response_id
        AND event.sequence > cursor.after
    ORDER BY event.sequence
    LIMIT :limit
) AS event
ORDER BY event.response_id, event.sequence;

-- name: event_list_all
-- Read the whole logs of several responses.
SELECT
    response_id,
    sequence,
    type,
    payload
FROM assistant.event
WHERE response_id = ANY(:response_ids::uuid[])
ORDER BY response_id, sequence;

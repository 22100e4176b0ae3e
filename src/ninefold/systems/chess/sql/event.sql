-- name: event_list
-- Read the next entries of several logs: of each the first ones after a number, up to a limit.
SELECT
    event.game_id,
    event.sequence,
    event.type,
    event.payload,
    event.at
FROM unnest(:game_ids::uuid[], :after::bigint[]) AS cursor (game_id, after)
CROSS JOIN LATERAL (
    SELECT *
    FROM chess.event
    WHERE event.game_id = cursor.game_id
        AND event.sequence > cursor.after
    ORDER BY event.sequence
    LIMIT :limit
) AS event
ORDER BY event.game_id, event.sequence;

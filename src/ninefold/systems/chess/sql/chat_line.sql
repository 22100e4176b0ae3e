-- name: chat_line_count_recent$
-- Count the lines that a player has written in a game since a time.
SELECT count(*)
FROM chess.chat_line
WHERE game_id = :game_id
    AND player_id = :player_id
    AND at > :since;

-- name: chat_line_insert!
-- Insert a line.
INSERT INTO chess.chat_line (game_id, room, sequence, player_id, name, text, at)
VALUES (:game_id, :room, :sequence, :player_id, :name, :text, :at);

-- name: chat_line_list
-- Read the next lines of a room of several games: of each the first ones after a number, up to a limit.
SELECT line.*
FROM unnest(:game_ids::uuid[], :after::bigint[]) AS cursor (game_id, after)
CROSS JOIN LATERAL (
    SELECT *
    FROM chess.chat_line
    WHERE chat_line.game_id = cursor.game_id
        AND chat_line.room = :room
        AND chat_line.sequence > cursor.after
    ORDER BY chat_line.sequence
    LIMIT :limit
) AS line
ORDER BY line.game_id, line.sequence;

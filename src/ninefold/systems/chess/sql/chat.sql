-- name: chat_append$
-- Give a new line of a room its number.
INSERT INTO chess.chat (game_id, room, last_sequence)
VALUES (:game_id, :room, 1)
ON CONFLICT (game_id, room) DO UPDATE
SET last_sequence = chat.last_sequence + 1
RETURNING last_sequence;

-- name: chat_list_positions
-- Read how far rooms are.
SELECT
    game_id,
    last_sequence
FROM chess.chat
WHERE game_id = ANY(:game_ids::uuid[])
    AND room = :room;

-- name: action_find$
-- Return the answer that an id of a client got; no row if it is new.
SELECT answer
FROM chess.action
WHERE game_id = :game_id
    AND player_id = :player_id
    AND client_action_id = :client_action_id;

-- name: action_insert!
-- Keep the answer for an id of a client, unless it has one.
INSERT INTO chess.action (game_id, player_id, client_action_id, answer)
VALUES (:game_id, :player_id, :client_action_id, :answer::text::json)
ON CONFLICT (game_id, player_id, client_action_id) DO NOTHING;

-- name: player_token_insert!
-- Say whose a player token is.
INSERT INTO chess.player_token (credential_id, player_id)
VALUES (:credential_id, :player_id);

-- name: player_token_list
-- Read the ids of a player's tokens.
SELECT credential_id
FROM chess.player_token
WHERE player_id = :player_id
LIMIT :limit;

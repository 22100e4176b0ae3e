-- name: player_find^
-- Read one player of an organisation.
SELECT *
FROM chess.player
WHERE player_id = :player_id AND organisation_id = :organisation_id;

-- name: player_find_by_account^
-- Read the player of an account in an organisation.
SELECT *
FROM chess.player
WHERE organisation_id = :organisation_id AND account_id = :account_id;

-- name: player_find_by_name^
-- Read the player of a name, in upper or lower case.
SELECT *
FROM chess.player
WHERE organisation_id = :organisation_id AND lower(name) = lower(:name);

-- name: player_find_by_token^
-- Read whose a player token is.
SELECT player.*
FROM chess.player
INNER JOIN chess.player_token USING (player_id)
WHERE player_token.credential_id = :credential_id;

-- name: player_find_engine^
-- Read the player of an organisation that is the engine at a level.
SELECT *
FROM chess.player
WHERE organisation_id = :organisation_id AND engine_level = :engine_level;

-- name: player_has_played^
-- Read whether a player has played a game.
SELECT EXISTS (
    SELECT 1
    FROM chess.game
    WHERE white_player_id = :player_id OR black_player_id = :player_id
) AS has_played;

-- name: player_insert^
-- Insert a player; returns no row when the organisation has one of this name, this account or this level.
INSERT INTO chess.player (player_id, organisation_id, account_id, name, is_bot, is_guest, engine_level)
VALUES (:player_id, :organisation_id, :account_id, :name, :is_bot, :is_guest, :engine_level)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: player_list
-- Read a page of the players of an organisation, oldest first; guests aren't listed.
SELECT *
FROM chess.player
WHERE organisation_id = :organisation_id
    AND NOT is_guest
    AND (:after::uuid IS NULL OR player_id > :after)
    AND (:is_bot::boolean IS NULL OR is_bot = :is_bot)
ORDER BY player_id
LIMIT :limit;

-- name: player_list_by_names
-- Read the players of names, in lower case.
SELECT *
FROM chess.player
WHERE organisation_id = :organisation_id AND lower(name) = ANY(:names::text[])
LIMIT :limit;

-- name: player_record_seen!
-- Write when a player has last done something, once a minute.
UPDATE chess.player
SET seen_at = now()
WHERE player_id = :player_id AND (seen_at IS NULL OR seen_at < now() - interval '1 minute');

-- name: player_update_bot^
-- Make a player a bot.
UPDATE chess.player
SET is_bot = TRUE
WHERE player_id = :player_id
RETURNING *;

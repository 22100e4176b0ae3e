-- name: presence_delete!
-- Forget who is at a game that has ended.
DELETE FROM chess.presence
WHERE game_id = :game_id;

-- name: presence_list
-- Read who is at a game.
SELECT *
FROM chess.presence
WHERE game_id = :game_id;

-- name: presence_list_silent
-- Read which players of games with a clock weren't seen since a time, or have left, and aren't called gone yet.
SELECT
    presence.game_id,
    presence.colour
FROM chess.presence
INNER JOIN chess.game USING (game_id)
WHERE presence.gone_at IS NULL
    AND (presence.seen_at < :before OR presence.left_at IS NOT NULL)
    AND game.status = 'running'
    AND game.limit_s IS NOT NULL
LIMIT :limit;

-- name: presence_mark_back!
-- Don't call a player gone any more.
UPDATE chess.presence
SET
    gone_at = NULL,
    claimable_at = NULL
WHERE game_id = :game_id
    AND colour = :colour;

-- name: presence_mark_gone!
-- Call a player gone.
UPDATE chess.presence
SET
    gone_at = :gone_at,
    claimable_at = :claimable_at
WHERE game_id = :game_id
    AND colour = :colour;

-- name: presence_reset!
-- After an outage, nobody is called gone for it.
UPDATE chess.presence
SET seen_at = :seen_at
WHERE gone_at IS NULL;

-- name: presence_upsert$
-- Note that a player was seen at a game; return whether the log calls the player gone.
INSERT INTO chess.presence (game_id, colour, seen_at, left_at)
VALUES (:game_id, :colour, :seen_at, :left_at)
ON CONFLICT (game_id, colour) DO UPDATE
SET
    seen_at = excluded.seen_at,
    left_at = excluded.left_at
RETURNING gone_at IS NOT NULL;

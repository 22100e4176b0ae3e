-- name: rating_change_insert!
-- Keep what the result of a game has made of the ratings of its players.
INSERT INTO chess.rating_change (game_id, player_id, speed, rating_before, rating, deviation, at)
SELECT :game_id, change.player_id, :speed, change.rating_before, change.rating, change.deviation, :at
FROM unnest(
    :player_ids::uuid[], :ratings_before::double precision[], :ratings::double precision[], :deviations::double precision[]
) AS change (player_id, rating_before, rating, deviation);

-- name: rating_change_list
-- Read how a player's ratings have changed, latest first.
SELECT *
FROM chess.rating_change
WHERE player_id = :player_id
    AND (:speed::text IS NULL OR speed = :speed)
    AND (:before::timestamptz IS NULL OR at < :before)
ORDER BY at DESC
LIMIT :limit;

-- name: rating_list
-- Read the ratings of players.
SELECT *
FROM chess.rating
WHERE player_id = ANY(:player_ids::uuid[])
ORDER BY player_id, speed
LIMIT :limit;

-- name: rating_lock
-- Read the ratings of players at one speed, and keep others from changing them until the transaction ends.
SELECT *
FROM chess.rating
WHERE player_id = ANY(:player_ids::uuid[]) AND speed = :speed
ORDER BY player_id
LIMIT :limit
FOR UPDATE;

-- name: rating_player_lock
-- Keep others from rating results of these players until the transaction ends, also if they have no ratings yet.
SELECT player_id
FROM chess.player
WHERE player_id = ANY(:player_ids::uuid[])
ORDER BY player_id
LIMIT :limit
FOR NO KEY UPDATE;

-- name: rating_upsert!
-- Write the ratings of players at one speed, after one more game.
INSERT INTO chess.rating (player_id, speed, rating, deviation, volatility, games, rated_at)
SELECT changed.player_id, :speed, changed.rating, changed.deviation, changed.volatility, 1, :rated_at
FROM unnest(
    :player_ids::uuid[], :ratings::double precision[], :deviations::double precision[], :volatilities::double precision[]
) AS changed (player_id, rating, deviation, volatility)
ON CONFLICT (player_id, speed) DO UPDATE
SET rating = excluded.rating,
    deviation = excluded.deviation,
    volatility = excluded.volatility,
    games = rating.games + 1,
    rated_at = excluded.rated_at;

-- name: seek_cancel$
-- Cancel an open seek of an organisation, or only if it is a player's; returns no row if there is none.
UPDATE chess.seek
SET status = 'canceled'
WHERE seek_id = :seek_id
    AND organisation_id = :organisation_id
    AND (:player_id::uuid IS NULL OR player_id = :player_id)
    AND status = 'open'
RETURNING seek_id;

-- name: seek_cancel_all
-- Cancel the open seeks of a player.
UPDATE chess.seek
SET status = 'canceled'
WHERE player_id = :player_id AND status = 'open'
RETURNING seek_id;

-- name: seek_count_open$
-- Count the open seeks, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM chess.seek
    WHERE status = 'open'
        AND expires_at > now()
    LIMIT :limit
) AS counted;

-- name: seek_delete_old$
-- Delete seeks that could have been accepted until a time; count them.
WITH deleted AS (
    DELETE FROM chess.seek
    WHERE seek_id IN (
        SELECT seek_id
        FROM chess.seek
        WHERE expires_at < :before
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING seek_id
)
SELECT count(*)
FROM deleted;

-- name: seek_extend!
-- Keep a seek open for longer.
UPDATE chess.seek
SET expires_at = :expires_at
WHERE seek_id = :seek_id AND status = 'open';

-- name: seek_insert^
-- Insert an open seek.
INSERT INTO chess.seek (
    seek_id,
    organisation_id,
    player_id,
    colour,
    is_rated,
    limit_s,
    increment_s,
    days_per_turn,
    rating_min,
    rating_max,
    rating,
    created_at,
    expires_at
)
VALUES (
    :seek_id,
    :organisation_id,
    :player_id,
    :colour,
    :is_rated,
    :limit_s,
    :increment_s,
    :days_per_turn,
    :rating_min,
    :rating_max,
    :rating,
    :created_at,
    :expires_at
)
RETURNING *;

-- name: seek_list
-- Read the open seeks of an organisation, oldest first.
SELECT *
FROM chess.seek
WHERE organisation_id = :organisation_id AND status = 'open' AND expires_at > :now
ORDER BY seek_id
LIMIT :limit;

-- name: seek_lock^
-- Read an open seek, and keep others from accepting it until the transaction ends.
SELECT *
FROM chess.seek
WHERE seek_id = :seek_id
    AND organisation_id = :organisation_id
    AND status = 'open'
    AND expires_at > :now
FOR UPDATE;

-- name: seek_lock_lobby^
-- Keep others of an organisation from opening seeks until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('chess.lobby:' || :organisation_id::uuid::text, 0));

-- name: seek_lock_matching^
-- Read the oldest open seek that fits, of another player, and keep others from accepting it.
SELECT *
FROM chess.seek
WHERE organisation_id = :organisation_id
    AND status = 'open'
    AND expires_at > :now
    AND player_id <> :player_id
    AND is_rated = :is_rated
    AND limit_s IS NOT DISTINCT FROM :limit_s
    AND increment_s IS NOT DISTINCT FROM :increment_s
    AND days_per_turn IS NOT DISTINCT FROM :days_per_turn
    AND (colour = 'random' OR colour IS DISTINCT FROM :colour)
    AND coalesce(rating_min, 0) <= :rating
    AND coalesce(rating_max, 10000) >= :rating
    AND rating BETWEEN coalesce(:rating_min::integer, 0) AND coalesce(:rating_max::integer, 10000)
ORDER BY seek_id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: seek_set_accepted!
-- Write which game a seek has become.
UPDATE chess.seek
SET status = 'accepted', game_id = :game_id
WHERE seek_id = :seek_id;

-- name: challenge_delete_old$
-- Delete challenges that have ended, or could have been accepted until a time; count them.
WITH deleted AS (
    DELETE FROM chess.challenge
    WHERE challenge_id IN (
        SELECT challenge_id
        FROM chess.challenge
        WHERE expires_at < :before
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING challenge_id
)
SELECT count(*)
FROM deleted;

-- name: challenge_end^
-- End a challenge that nobody has answered yet; returns no row if it has ended.
UPDATE chess.challenge
SET status = :status,
    to_player_id = coalesce(:to_player_id, to_player_id),
    decline_reason = :decline_reason,
    game_id = :game_id,
    ended_at = :ended_at
WHERE challenge_id = :challenge_id AND status = 'created'
RETURNING *;

-- name: challenge_find_id$
-- Return the id of a challenge by its short id.
SELECT challenge_id
FROM chess.challenge
WHERE short_id = :short_id AND organisation_id = :organisation_id;

-- name: challenge_insert^
-- Insert a challenge.
INSERT INTO chess.challenge (
    challenge_id,
    short_id,
    organisation_id,
    from_player_id,
    to_player_id,
    is_open,
    colour,
    is_rated,
    limit_s,
    increment_s,
    days_per_turn,
    initial_fen,
    rematch_of,
    created_at,
    expires_at
)
VALUES (
    :challenge_id,
    :short_id,
    :organisation_id,
    :from_player_id,
    :to_player_id,
    :to_player_id::uuid IS NULL,
    :colour,
    :is_rated,
    :limit_s,
    :increment_s,
    :days_per_turn,
    :initial_fen,
    :rematch_of,
    :created_at,
    :expires_at
)
RETURNING *;

-- name: challenge_list
-- Read the challenges of a player that can still be accepted, latest first.
SELECT *
FROM chess.challenge
WHERE challenge_id IN (
    SELECT challenge_id
    FROM chess.challenge
    WHERE from_player_id = :player_id
    UNION ALL
    SELECT challenge_id
    FROM chess.challenge
    WHERE to_player_id = :player_id
)
AND status = 'created'
AND expires_at > :now
ORDER BY challenge_id DESC
LIMIT :limit;

-- name: challenge_lock^
-- Read a challenge, and keep others from changing it until the transaction ends.
SELECT *
FROM chess.challenge
WHERE challenge_id = :challenge_id AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id)
FOR UPDATE;

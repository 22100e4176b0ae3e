-- name: game_count_of_players$
-- Return the larger number of games that one of two players has and that haven't ended.
SELECT coalesce(max(running.games), 0)
FROM (
    SELECT count(*) AS games
    FROM unnest(:player_ids::uuid[]) AS one (player_id)
    INNER JOIN chess.game
        ON one.player_id IN (game.white_player_id, game.black_player_id)
    WHERE game.ended_at IS NULL
    GROUP BY one.player_id
) AS running;

-- name: game_count_unfinished$
-- Count the games that haven't ended, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM chess.game
    WHERE ended_at IS NULL
    LIMIT :limit
) AS counted;

-- name: game_count_unfinished_of$
-- Count the games of an organisation that haven't ended, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM chess.game
    WHERE organisation_id = :organisation_id
        AND ended_at IS NULL
    LIMIT :limit
) AS counted;

-- name: game_delete_unplayed$
-- Delete games that ended before a time without having been played, with all they have; count them.
WITH deleted AS (
    DELETE FROM chess.game
    WHERE game_id IN (
        SELECT game_id
        FROM chess.game
        WHERE ended_at < :before
            AND reason IN ('aborted', 'not_started')
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING game_id
),
deleted_event AS (
    DELETE FROM chess.event
    WHERE game_id IN (SELECT game_id FROM deleted)
),
deleted_action AS (
    DELETE FROM chess.action
    WHERE game_id IN (SELECT game_id FROM deleted)
)
SELECT count(*)
FROM deleted;

-- name: game_find^
-- Read one game of an organisation by its id or its short id.
SELECT *
FROM chess.game
WHERE organisation_id = :organisation_id
    AND (game_id = :game_id::uuid OR short_id = :short_id::text);

-- name: game_insert!
-- Insert a game, and the first entry of its log.
WITH inserted AS (
    INSERT INTO chess.game (
        game_id,
        short_id,
        organisation_id,
        white_player_id,
        black_player_id,
        status,
        is_rated,
        speed,
        limit_s,
        increment_s,
        days_per_turn,
        source,
        initial_fen,
        fen,
        position_keys,
        white_ms,
        black_ms,
        white_quota_ms,
        black_quota_ms,
        turn_started_at,
        deadline_at,
        last_sequence,
        created_at
    )
    VALUES (
        :game_id,
        :short_id,
        :organisation_id,
        :white_player_id,
        :black_player_id,
        'created',
        :is_rated,
        :speed,
        :limit_s,
        :increment_s,
        :days_per_turn,
        :source,
        :initial_fen,
        :fen,
        :position_keys,
        :white_ms,
        :black_ms,
        :white_quota_ms,
        :black_quota_ms,
        :created_at,
        :deadline_at,
        1,
        :created_at
    )
)
INSERT INTO chess.event (game_id, sequence, type, payload, at)
VALUES (:game_id, 1, 'started', :payload::text::json, :created_at);

-- name: game_list
-- Read a page of the games of an organisation, latest first.
SELECT *
FROM chess.game
WHERE organisation_id = :organisation_id
    AND (:player_id::uuid IS NULL OR :player_id::uuid IN (white_player_id, black_player_id))
    AND (:status::text IS NULL OR status = :status::text)
    AND (:before::uuid IS NULL OR game_id < :before::uuid)
ORDER BY game_id DESC
LIMIT :limit;

-- name: game_list_due
-- Read which games' time was up before a time, and when: of each organisation the first ones, up to a limit.
SELECT
    game_id,
    deadline_at
FROM (
    SELECT
        game_id,
        deadline_at,
        row_number() OVER (PARTITION BY organisation_id ORDER BY deadline_at) AS place
    FROM chess.game
    WHERE deadline_at <= :before
) AS due
WHERE place <= :organisation_limit
ORDER BY place, deadline_at
LIMIT :limit;

-- name: game_list_positions
-- Read how far the logs of several games are.
SELECT
    game_id,
    last_sequence
FROM chess.game
WHERE game_id = ANY(:game_ids::uuid[]);

-- name: game_lock^
-- Read one game, and keep others from changing it until the transaction ends; with the latest heartbeat.
SELECT
    game.*,
    (SELECT heartbeat.beat_at FROM chess.heartbeat) AS beat_at
FROM chess.game
WHERE game_id = :game_id
    AND (:organisation_id::uuid IS NULL OR organisation_id = :organisation_id::uuid)
FOR UPDATE OF game;

-- name: game_shift
-- Put off the turns that have a deadline by an outage that began at a time, and say so in the logs; return the games.
WITH waiting AS (
    SELECT
        game_id,
        :until - greatest(turn_started_at, :since) AS shift
    FROM chess.game
    WHERE deadline_at IS NOT NULL
        AND turn_started_at < :until
    ORDER BY game_id
    FOR UPDATE
),
shifted AS (
    UPDATE chess.game
    SET
        turn_started_at = game.turn_started_at + waiting.shift,
        deadline_at = game.deadline_at + waiting.shift,
        last_sequence = game.last_sequence + 1
    FROM waiting
    WHERE waiting.game_id = game.game_id
    RETURNING
        game.game_id,
        game.last_sequence,
        waiting.shift
)
INSERT INTO chess.event (game_id, sequence, type, payload, at)
SELECT
    game_id,
    last_sequence,
    'clock_adjusted',
    json_build_object('reason', 'outage', 'by_ms', floor(extract(EPOCH FROM shift) * 1000)::bigint),
    :until
FROM shifted
RETURNING game_id;

-- name: game_update!
-- Record what a move or an action has changed, append it to the log, and keep the answer for the client's id.
WITH changed AS (
    UPDATE chess.game
    SET
        status = :status,
        winner = :winner,
        reason = :reason,
        fen = :fen,
        moves = :moves,
        position_keys = :position_keys,
        white_ms = :white_ms,
        black_ms = :black_ms,
        white_quota_ms = :white_quota_ms,
        black_quota_ms = :black_quota_ms,
        turn_started_at = :turn_started_at,
        deadline_at = :deadline_at,
        offers = :offers::text::json,
        ratings = :ratings::text::json,
        last_sequence = :last_sequence,
        started_at = :started_at,
        ended_at = :ended_at
    WHERE game_id = :game_id
),
appended AS (
    INSERT INTO chess.event (game_id, sequence, type, payload, at)
    SELECT
        :game_id,
        entry.sequence,
        entry.type,
        entry.payload::json,
        :at
    FROM unnest(:sequences::bigint[], :types::text[], :payloads::text[]) AS entry (sequence, type, payload)
)
INSERT INTO chess.action (game_id, player_id, client_action_id, answer)
SELECT
    :game_id,
    :player_id::uuid,
    :client_action_id::text,
    :answer::text::json
WHERE :client_action_id::text IS NOT NULL;

-- A game: all that a move needs, so that a transaction locks and reads one row. Its history is the log.
CREATE TABLE chess.game (
    game_id uuid PRIMARY KEY,
    -- Lichess's API calls this the id.
    short_id text NOT NULL UNIQUE CHECK (short_id ~ '^[A-Za-z0-9]{8}$'),
    organisation_id uuid NOT NULL,
    white_player_id uuid NOT NULL REFERENCES chess.player,
    black_player_id uuid NOT NULL REFERENCES chess.player,
    status text NOT NULL CHECK (status IN ('created', 'running', 'ended')),
    winner text CHECK (winner IN ('white', 'black')),
    reason text CHECK (
        reason IN (
            'checkmate', 'resignation', 'flag', 'abandonment', 'stalemate', 'threefold', 'fivefold', 'fifty_moves',
            'seventy_five_moves', 'insufficient_material', 'agreement', 'flag_insufficient', 'aborted', 'not_started'
        )
    ),
    is_rated boolean NOT NULL,
    speed text NOT NULL CHECK (
        speed IN ('ultraBullet', 'bullet', 'blitz', 'rapid', 'classical', 'correspondence')
    ),
    -- Either both of limit and increment, or days, or none of them for a game without a limit.
    limit_s integer CHECK (limit_s >= 0),
    increment_s integer CHECK (increment_s >= 0),
    days_per_turn integer CHECK (days_per_turn > 0),
    source text NOT NULL,
    initial_fen text NOT NULL,
    fen text NOT NULL,
    -- All moves that count, as UCI, separated by spaces.
    moves text NOT NULL DEFAULT '',
    -- The keys of the positions since the last capture or move of a pawn, separated by spaces, the current one last.
    position_keys text NOT NULL,
    -- What each had left when the turn began, and how much lag may still be compensated. NULL without a limit.
    white_ms bigint CHECK (white_ms >= 0),
    black_ms bigint CHECK (black_ms >= 0),
    white_quota_ms integer NOT NULL DEFAULT 0 CHECK (white_quota_ms >= 0),
    black_quota_ms integer NOT NULL DEFAULT 0 CHECK (black_quota_ms >= 0),
    turn_started_at timestamptz NOT NULL,
    deadline_at timestamptz,
    offers json NOT NULL DEFAULT '{}',
    ratings json,
    -- The log's last entry.
    last_sequence bigint NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT game_between_two CHECK (white_player_id <> black_player_id),
    CONSTRAINT game_has_one_clock CHECK (
        (limit_s IS NULL) = (increment_s IS NULL)
        AND NOT (limit_s IS NOT NULL AND days_per_turn IS NOT NULL)
    ),
    CONSTRAINT game_has_both_times CHECK (
        (white_ms IS NULL) = (black_ms IS NULL)
        AND (white_ms IS NULL) = (limit_s IS NULL AND days_per_turn IS NULL)
    ),
    CONSTRAINT game_ended_for_a_reason CHECK (
        (status = 'ended') = (reason IS NOT NULL)
        AND (status = 'ended') = (ended_at IS NOT NULL)
    ),
    CONSTRAINT game_started_if_running CHECK (
        CASE status
            WHEN 'created' THEN started_at IS NULL
            WHEN 'running' THEN started_at IS NOT NULL
            ELSE TRUE
        END
    ),
    CONSTRAINT game_winner_fits_reason CHECK (
        CASE
            WHEN reason IN ('checkmate', 'resignation', 'flag') THEN winner IS NOT NULL
            WHEN reason = 'abandonment' THEN TRUE
            ELSE winner IS NULL
        END
    ),
    CONSTRAINT game_has_no_deadline_after_its_end CHECK (status <> 'ended' OR deadline_at IS NULL)
) WITH (fillfactor = 50);

CREATE INDEX game_due ON chess.game (deadline_at)
WHERE deadline_at IS NOT NULL;

CREATE INDEX game_listed ON chess.game (organisation_id, game_id);

CREATE INDEX game_of_white ON chess.game (white_player_id, game_id);

CREATE INDEX game_of_black ON chess.game (black_player_id, game_id);

CREATE INDEX game_ended ON chess.game (ended_at)
WHERE ended_at IS NOT NULL;

-- The log of a game: what happened, in order. An entry is committed before anybody sees it. No foreign key to the game:
-- it would lock its row once more for every entry.
CREATE TABLE chess.event (
    game_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    type text NOT NULL,
    payload json NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (game_id, sequence)
);

-- What became of each move and action that had an id of its client: the same id gets the same answer.
CREATE TABLE chess.action (
    game_id uuid NOT NULL,
    player_id uuid NOT NULL,
    client_action_id text NOT NULL CHECK (char_length(client_action_id) BETWEEN 1 AND 64),
    answer json NOT NULL,
    PRIMARY KEY (game_id, player_id, client_action_id)
);

-- When a player has last said to be at a game.
CREATE TABLE chess.presence (
    game_id uuid NOT NULL REFERENCES chess.game ON DELETE CASCADE,
    colour text NOT NULL CHECK (colour IN ('white', 'black')),
    seen_at timestamptz NOT NULL,
    -- When the player has said to leave.
    left_at timestamptz,
    -- Since when the log calls the player gone, and when the opponent can claim.
    gone_at timestamptz,
    claimable_at timestamptz,
    PRIMARY KEY (game_id, colour),
    CONSTRAINT presence_gone_with_claim CHECK ((gone_at IS NULL) = (claimable_at IS NULL))
);

CREATE INDEX presence_waiting ON chess.presence (seen_at)
WHERE gone_at IS NULL;

-- One row: when a server has last said that it runs. A gap is an outage, during which no clock runs.
CREATE TABLE chess.heartbeat (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    beat_at timestamptz NOT NULL
);

-- The rooms of a game's chat: how far each is.
CREATE TABLE chess.chat (
    game_id uuid NOT NULL REFERENCES chess.game ON DELETE CASCADE,
    room text NOT NULL CHECK (room IN ('player', 'spectator')),
    last_sequence bigint NOT NULL,
    PRIMARY KEY (game_id, room)
);

CREATE TABLE chess.chat_line (
    game_id uuid NOT NULL,
    room text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    player_id uuid NOT NULL,
    -- The name that the player had.
    name text NOT NULL,
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 140),
    at timestamptz NOT NULL,
    PRIMARY KEY (game_id, room, sequence),
    FOREIGN KEY (game_id, room) REFERENCES chess.chat ON DELETE CASCADE
);

-- An invitation to a game: to one player, or by a link to anybody who has it.
CREATE TABLE chess.challenge (
    challenge_id uuid PRIMARY KEY,
    -- The short id of the game that it becomes.
    short_id text NOT NULL UNIQUE CHECK (short_id ~ '^[A-Za-z0-9]{8}$'),
    organisation_id uuid NOT NULL,
    from_player_id uuid NOT NULL REFERENCES chess.player,
    -- Empty for a challenge by a link, until somebody accepts it.
    to_player_id uuid REFERENCES chess.player,
    is_open boolean NOT NULL,
    colour text NOT NULL CHECK (colour IN ('white', 'black', 'random')),
    is_rated boolean NOT NULL,
    limit_s integer,
    increment_s integer,
    days_per_turn integer,
    initial_fen text,
    rematch_of uuid,
    status text NOT NULL DEFAULT 'created' CHECK (status IN ('created', 'accepted', 'declined', 'canceled')),
    decline_reason text,
    game_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT challenge_to_somebody_or_open CHECK (is_open OR to_player_id IS NOT NULL),
    CONSTRAINT challenge_to_another CHECK (to_player_id <> from_player_id),
    CONSTRAINT challenge_ended_unless_created CHECK ((status = 'created') = (ended_at IS NULL)),
    CONSTRAINT challenge_is_a_game_if_accepted CHECK ((status = 'accepted') = (game_id IS NOT NULL)),
    CONSTRAINT challenge_declined_for_a_reason CHECK ((status = 'declined') = (decline_reason IS NOT NULL))
);

CREATE INDEX challenge_from ON chess.challenge (from_player_id, challenge_id);

CREATE INDEX challenge_to ON chess.challenge (to_player_id, challenge_id)
WHERE to_player_id IS NOT NULL;

CREATE INDEX challenge_by_end ON chess.challenge (expires_at);

-- Who looks for an opponent.
CREATE TABLE chess.seek (
    seek_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    player_id uuid NOT NULL REFERENCES chess.player,
    colour text NOT NULL CHECK (colour IN ('white', 'black', 'random')),
    is_rated boolean NOT NULL,
    limit_s integer,
    increment_s integer,
    days_per_turn integer,
    rating_min integer,
    rating_max integer,
    -- The player's rating when it was made.
    rating integer NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'canceled')),
    game_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT seek_is_a_game_if_accepted CHECK ((status = 'accepted') = (game_id IS NOT NULL)),
    CONSTRAINT seek_range_is_a_range CHECK (rating_min <= rating_max)
);

CREATE INDEX seek_open ON chess.seek (organisation_id, seek_id)
WHERE status = 'open';

CREATE INDEX seek_of_player ON chess.seek (player_id)
WHERE status = 'open';

CREATE INDEX seek_by_end ON chess.seek (expires_at);

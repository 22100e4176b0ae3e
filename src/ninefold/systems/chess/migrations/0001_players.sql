CREATE SCHEMA chess;

-- Somebody who plays in an organisation: a person with an account, a bot, or a guest who has come by a link.
CREATE TABLE chess.player (
    player_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    account_id uuid,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{2,30}$'),
    is_bot boolean NOT NULL DEFAULT FALSE,
    is_guest boolean NOT NULL DEFAULT FALSE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz,
    CONSTRAINT player_guest_has_no_account CHECK (NOT is_guest OR account_id IS NULL),
    CONSTRAINT player_guest_is_no_bot CHECK (NOT (is_guest AND is_bot))
);

CREATE UNIQUE INDEX player_by_name ON chess.player (organisation_id, lower(name));

CREATE UNIQUE INDEX player_by_account ON chess.player (organisation_id, account_id)
WHERE account_id IS NOT NULL;

CREATE INDEX player_listed ON chess.player (organisation_id, player_id)
WHERE NOT is_guest;

-- Whose a player token is. The token itself is a credential with the same id.
CREATE TABLE chess.player_token (
    credential_id uuid PRIMARY KEY,
    player_id uuid NOT NULL REFERENCES chess.player ON DELETE CASCADE
);

CREATE INDEX player_token_of_player ON chess.player_token (player_id);

-- How strong a player is at one speed, by Glicko-2.
CREATE TABLE chess.rating (
    player_id uuid NOT NULL REFERENCES chess.player ON DELETE CASCADE,
    speed text NOT NULL,
    rating double precision NOT NULL,
    deviation double precision NOT NULL,
    volatility double precision NOT NULL,
    games integer NOT NULL CHECK (games > 0),
    rated_at timestamptz NOT NULL,
    PRIMARY KEY (player_id, speed)
);

-- What the result of each rated game has made of the ratings of its players.
CREATE TABLE chess.rating_change (
    game_id uuid NOT NULL,
    player_id uuid NOT NULL REFERENCES chess.player ON DELETE CASCADE,
    speed text NOT NULL,
    rating_before double precision NOT NULL,
    rating double precision NOT NULL,
    deviation double precision NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (game_id, player_id)
);

CREATE INDEX rating_change_of_player ON chess.rating_change (player_id, speed, at);

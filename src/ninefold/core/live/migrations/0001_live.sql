CREATE SCHEMA live;

-- The key that signs live tokens; there is one.
CREATE TABLE live.token_key (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    secret bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Who is present is forgotten in a crash, so it needs no log: clients subscribe again.
CREATE UNLOGGED TABLE live.server (
    server_id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNLOGGED TABLE live.member (
    channel text NOT NULL,
    client_id uuid NOT NULL,
    server_id uuid NOT NULL REFERENCES live.server ON DELETE CASCADE,
    user_id text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, client_id)
);

CREATE INDEX member_of_server ON live.member (server_id);

-- Channels whose entries are only kept while somebody watches them.
CREATE TABLE live.watched_channel (
    channel text PRIMARY KEY,
    watched_until timestamptz NOT NULL,
    -- Begins with the microseconds since 1970, so that a channel that was deleted never gets an offset twice.
    last_offset bigint NOT NULL CHECK (last_offset > 0),
    deleted_offset bigint NOT NULL CHECK (deleted_offset BETWEEN 1 AND last_offset)
);

CREATE INDEX watched_channel_by_end ON live.watched_channel (watched_until);

CREATE TABLE live.watched_entry (
    channel text NOT NULL REFERENCES live.watched_channel ON DELETE CASCADE,
    "offset" bigint NOT NULL,
    data text NOT NULL,
    appended_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, "offset")
);

CREATE INDEX watched_entry_by_time ON live.watched_entry (appended_at);

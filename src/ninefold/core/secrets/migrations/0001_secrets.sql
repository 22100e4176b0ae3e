CREATE SCHEMA secrets;

-- The keys that secrets of this database are sealed with, by their ids: a process that lacks one doesn't start. An id
-- follows from its key, but not the other way round.
CREATE TABLE secrets.known_key (
    key_id bytea PRIMARY KEY CHECK (octet_length(key_id) = 8),
    created_at timestamptz NOT NULL DEFAULT now()
);

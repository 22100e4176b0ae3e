CREATE SCHEMA tenancy;

CREATE TABLE tenancy.organisation (
    organisation_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The key itself is nowhere: `digest` is the SHA-256 of its text, and `prefix` the part that people may see.
CREATE TABLE tenancy.api_key (
    api_key_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES tenancy.organisation ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    prefix text NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);

CREATE INDEX api_key_of_organisation ON tenancy.api_key (organisation_id, api_key_id);

-- One table for whatever proves on whose behalf a request acts; API keys become its first kind.
--
-- The text of a credential is nowhere: `digest` is its SHA-256, and `prefix` the part that people may see.
CREATE TABLE tenancy.credential (
    credential_id uuid PRIMARY KEY,
    -- Names a kind that the code knows, such as `api_key`.
    kind text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 63),
    prefix text NOT NULL CHECK (char_length(prefix) BETWEEN 1 AND 200),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    organisation_id uuid NOT NULL REFERENCES tenancy.organisation ON DELETE CASCADE,
    -- The person it belongs to; empty for an organisation's own credential.
    account_id uuid,
    -- `*` is everything; an empty list is nothing.
    scopes text[] NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Empty for one that is valid until it is revoked.
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT credential_expires_after_its_creation CHECK (expires_at > created_at),
    CONSTRAINT credential_used_after_its_creation CHECK (last_used_at >= created_at),
    CONSTRAINT credential_revoked_after_its_creation CHECK (revoked_at >= created_at),
    CONSTRAINT credential_scopes_are_named CHECK (array_position(scopes, NULL) IS NULL)
);

CREATE INDEX credential_of_organisation ON tenancy.credential (organisation_id, kind, credential_id);

-- A key that is made meanwhile would be lost with the old table.
LOCK TABLE tenancy.api_key IN ACCESS EXCLUSIVE MODE;

INSERT INTO tenancy.credential (
    credential_id, kind, prefix, digest, organisation_id, scopes, name, created_at, last_used_at, revoked_at
)
SELECT
    api_key_id,
    'api_key',
    prefix,
    digest,
    organisation_id,
    '{*}',
    name,
    -- A clock that was set back may have noted a use before the creation.
    least(created_at, last_used_at, revoked_at),
    last_used_at,
    revoked_at
FROM tenancy.api_key;

DROP TABLE tenancy.api_key;

CREATE SCHEMA callbacks;

-- What an organisation expects callbacks from: a provider, its secrets, and a token that is part of the URL.
CREATE TABLE callbacks.source (
    source_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    provider text NOT NULL,
    name text NOT NULL,
    token text NOT NULL,
    -- The secrets that the provider signs with; any of them may match, so that they can be rotated.
    secrets text[] NOT NULL,
    options jsonb NOT NULL,
    answer_status smallint NOT NULL CHECK (answer_status BETWEEN 200 AND 299),
    answer_content_type text NOT NULL,
    answer_body text NOT NULL,
    -- Where verified callbacks are forwarded to, unchanged. Without it, each becomes an event of the organisation.
    forward_url text,
    forward_subscription_id uuid,
    -- Servers cache sources. Each insert of a callback returns the version, so that they notice a change.
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT source_forwards_by_a_subscription CHECK ((forward_url IS NULL) = (forward_subscription_id IS NULL))
);

CREATE UNIQUE INDEX source_of_token ON callbacks.source (token);

CREATE INDEX source_listed ON callbacks.source (organisation_id, source_id)
WHERE deleted_at IS NULL;

-- A request as it was received, and what became of it. No foreign key: it would lock the source's row for every
-- callback, and a source is never removed before its callbacks.
CREATE TABLE callbacks.callback (
    callback_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    source_id uuid NOT NULL,
    provider text NOT NULL,
    status text NOT NULL CHECK (status IN ('received', 'verified', 'quarantined', 'duplicate', 'handshake')),
    received_at timestamptz NOT NULL,
    judged_at timestamptz,
    peer text NOT NULL,
    method text NOT NULL,
    scheme text NOT NULL,
    -- Bytes, because they needn't be UTF-8. Headers are lines of `name: value` that end with CR LF.
    path bytea NOT NULL,
    query bytea NOT NULL,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    event_type text,
    provider_event_id text,
    reason text,
    detail text,
    duplicate_of uuid,
    -- The event of the organisation that it became.
    event_id uuid,
    replay_count integer NOT NULL DEFAULT 0,
    CONSTRAINT callback_judged_unless_received CHECK ((status = 'received') = (judged_at IS NULL)),
    CONSTRAINT callback_quarantined_for_a_reason CHECK (
        (status = 'quarantined') = (reason IS NOT NULL)
        AND (status = 'quarantined') = (detail IS NOT NULL)
    ),
    CONSTRAINT callback_duplicate_of_another CHECK ((status = 'duplicate') = (duplicate_of IS NOT NULL)),
    CONSTRAINT callback_passed_on_if_verified CHECK ((status = 'verified') = (event_id IS NOT NULL)),
    CONSTRAINT callback_replayed_if_verified CHECK (replay_count = 0 OR status = 'verified')
) WITH (fillfactor = 85);

CREATE INDEX callback_waiting ON callbacks.callback (organisation_id, callback_id)
WHERE status = 'received';

CREATE INDEX callback_listed ON callbacks.callback (organisation_id, callback_id);

CREATE INDEX callback_listed_of_source ON callbacks.callback (source_id, callback_id);

CREATE INDEX callback_listed_unverified ON callbacks.callback (organisation_id, status, callback_id)
WHERE status <> 'verified';

-- By what verified callbacks are recognised when they come again, until the window ends.
CREATE TABLE callbacks.dedupe_key (
    source_id uuid NOT NULL,
    digest bytea NOT NULL,
    callback_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, digest)
);

CREATE INDEX dedupe_key_expired ON callbacks.dedupe_key (expires_at);

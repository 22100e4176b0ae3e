-- How an app is told what happens: over its own connections (Socket Mode), or at its request URL.
ALTER TABLE messaging.app
ADD COLUMN request_url text CHECK (char_length(request_url) <= 2000),
ADD COLUMN request_url_verified_at timestamptz,
-- Why the request URL couldn't be verified.
ADD COLUMN request_url_error text,
-- The address that the app reaches this installation by; needed for requests to its URL.
ADD COLUMN base_url text,
-- What it is told, as Slack's apps subscribe to events; NULL: everything.
ADD COLUMN event_types text[] CHECK (cardinality(event_types) <= 100),
-- An app that was connected stays subscribed for a while without a connection.
ADD COLUMN listens_until timestamptz,
ADD CONSTRAINT app_verified_has_url CHECK (
    request_url IS NOT NULL OR (request_url_verified_at IS NULL AND request_url_error IS NULL)
),
ADD CONSTRAINT app_url_has_base CHECK (request_url IS NULL OR base_url IS NOT NULL);

-- A slash command, such as `/deploy`.
CREATE TABLE messaging.app_command (
    organisation_id uuid NOT NULL,
    command text NOT NULL CHECK (command ~ '^/[a-z0-9_-]{1,31}$'),
    app_id uuid NOT NULL REFERENCES messaging.app,
    PRIMARY KEY (organisation_id, command)
);

CREATE INDEX app_command_of_app ON messaging.app_command (app_id);

-- What an app is told. It is written in the transaction of what happened.
CREATE TABLE messaging.app_event (
    app_event_id uuid PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES messaging.app,
    transport text NOT NULL CHECK (transport IN ('socket', 'http')),
    kind text NOT NULL CHECK (kind IN ('event', 'command', 'interaction', 'verification')),
    -- Slack's name of it, such as `app_mention` or `block_actions`.
    type text NOT NULL,
    -- The entry of a log that it tells of: what is sent is read from there.
    channel_id uuid,
    sequence bigint,
    -- What else there is to say.
    payload jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'retrying', 'delivered', 'failed')),
    attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
    -- When it is sent next; of `sent`, until when the app can acknowledge it.
    due_at timestamptz,
    -- Why the latest attempt failed.
    error text,
    -- The connection or the worker that has sent it.
    sent_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT app_event_has_entry CHECK ((channel_id IS NULL) = (sequence IS NULL)),
    CONSTRAINT app_event_is_due CHECK ((due_at IS NOT NULL) = (state IN ('queued', 'sent', 'retrying'))),
    CONSTRAINT app_event_is_finished CHECK ((finished_at IS NOT NULL) = (state IN ('delivered', 'failed'))),
    CONSTRAINT app_event_was_sent CHECK (state NOT IN ('sent', 'retrying', 'delivered') OR sent_at IS NOT NULL),
    CONSTRAINT app_event_says_why CHECK (state NOT IN ('retrying', 'failed') OR error IS NOT NULL)
) WITH (fillfactor = 70);

CREATE INDEX app_event_due ON messaging.app_event (app_id, due_at)
WHERE state IN ('queued', 'retrying');

CREATE INDEX app_event_waits ON messaging.app_event (due_at)
WHERE due_at IS NOT NULL;

CREATE INDEX app_event_listed ON messaging.app_event (app_id, app_event_id);

CREATE INDEX app_event_finished ON messaging.app_event (finished_at)
WHERE finished_at IS NOT NULL;

-- The open connections of apps.
CREATE TABLE messaging.app_connection (
    connection_id uuid PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES messaging.app,
    opened_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX app_connection_of_app ON messaging.app_connection (app_id, seen_at);

-- A secret with which an app does one thing within a short time: it opens a connection, answers, or opens a view.
CREATE TABLE messaging.ticket (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    purpose text NOT NULL CHECK (purpose IN ('socket', 'rtm', 'response', 'trigger')),
    organisation_id uuid NOT NULL,
    -- The credential that opens the connection.
    credential_id uuid,
    app_id uuid,
    member_id uuid,
    channel_id uuid,
    message_sequence bigint,
    -- How the app has reached this installation.
    base_url text,
    uses_left integer NOT NULL CHECK (uses_left >= 0),
    expires_at timestamptz NOT NULL,
    CONSTRAINT ticket_opens_for_credential CHECK ((credential_id IS NOT NULL) = (purpose IN ('socket', 'rtm'))),
    CONSTRAINT ticket_is_an_apps CHECK (purpose = 'rtm' OR app_id IS NOT NULL)
);

CREATE INDEX ticket_expires ON messaging.ticket (expires_at);

-- A modal that an app shows to a member, or its home tab for one.
CREATE TABLE messaging.view (
    view_id uuid PRIMARY KEY,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^V[0-9A-Z]{10}$'),
    organisation_id uuid NOT NULL,
    app_id uuid NOT NULL REFERENCES messaging.app,
    member_id uuid NOT NULL REFERENCES messaging.member,
    kind text NOT NULL CHECK (kind IN ('modal', 'home')),
    -- What the app has sent.
    content jsonb NOT NULL,
    -- What the member has entered, by block and action.
    input jsonb NOT NULL DEFAULT '{}',
    -- What the app says is wrong with it, by block.
    errors jsonb,
    -- Changes with each update.
    hash text NOT NULL,
    external_id text CHECK (char_length(external_id) <= 255),
    -- The first modal of a stack, and the one below.
    root_view_id uuid NOT NULL,
    previous_view_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    CONSTRAINT view_home_stays_open CHECK (kind = 'modal' OR closed_at IS NULL)
);

CREATE UNIQUE INDEX view_home ON messaging.view (app_id, member_id)
WHERE kind = 'home';

CREATE UNIQUE INDEX view_by_external_id ON messaging.view (app_id, external_id)
WHERE external_id IS NOT NULL AND closed_at IS NULL;

CREATE INDEX view_open ON messaging.view (member_id, view_id)
WHERE kind = 'modal' AND closed_at IS NULL;

CREATE INDEX view_closed ON messaging.view (closed_at)
WHERE closed_at IS NOT NULL;

-- An incoming webhook: its address is a secret with which a message can be posted in a channel as the app.
CREATE TABLE messaging.incoming_webhook (
    webhook_id uuid PRIMARY KEY,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^B[0-9A-Z]{10}$'),
    organisation_id uuid NOT NULL,
    app_id uuid NOT NULL REFERENCES messaging.app,
    channel_id uuid NOT NULL REFERENCES messaging.channel,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE INDEX incoming_webhook_of_app ON messaging.incoming_webhook (app_id, webhook_id);

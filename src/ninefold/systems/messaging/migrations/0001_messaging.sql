CREATE SCHEMA messaging;

-- An organisation that uses messaging, which Slack's API calls a team.
CREATE TABLE messaging.workspace (
    organisation_id uuid PRIMARY KEY,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^T[0-9A-Z]{10}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A program that acts in a workspace by its bot.
CREATE TABLE messaging.app (
    app_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES messaging.workspace,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^A[0-9A-Z]{10}$'),
    name text NOT NULL CHECK (name ~ '^[a-z0-9._-]{1,80}$'),
    -- Signs what the app is sent.
    signing_secret text NOT NULL CHECK (signing_secret ~ '^[0-9a-f]{32}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX app_by_name ON messaging.app (organisation_id, name);

-- Somebody who writes: a person, with or without an account, or a bot.
CREATE TABLE messaging.member (
    member_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES messaging.workspace,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^U[0-9A-Z]{10}$'),
    name text NOT NULL CHECK (name ~ '^[a-z0-9._-]{1,80}$'),
    display_name text NOT NULL DEFAULT '' CHECK (char_length(display_name) <= 80),
    real_name text NOT NULL DEFAULT '' CHECK (char_length(real_name) <= 80),
    email text,
    kind text NOT NULL CHECK (kind IN ('person', 'bot')),
    account_id uuid,
    app_id uuid UNIQUE REFERENCES messaging.app,
    bot_id text UNIQUE CHECK (bot_id ~ '^B[0-9A-Z]{10}$'),
    is_deactivated boolean NOT NULL DEFAULT FALSE,
    presence text NOT NULL DEFAULT 'auto' CHECK (presence IN ('auto', 'away')),
    seen_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT member_bot_has_bot_id CHECK ((kind = 'bot') = (bot_id IS NOT NULL)),
    CONSTRAINT member_app_has_bot CHECK (app_id IS NULL OR kind = 'bot'),
    CONSTRAINT member_account_is_a_persons CHECK (account_id IS NULL OR kind = 'person')
);

CREATE UNIQUE INDEX member_by_name ON messaging.member (organisation_id, name);

CREATE UNIQUE INDEX member_by_account ON messaging.member (organisation_id, account_id)
WHERE account_id IS NOT NULL;

CREATE INDEX member_by_email ON messaging.member (organisation_id, lower(email))
WHERE email IS NOT NULL;

CREATE INDEX member_listed ON messaging.member (organisation_id, member_id);

-- Whose a token is. The token itself is a credential with the same id.
CREATE TABLE messaging.token (
    credential_id uuid PRIMARY KEY,
    member_id uuid REFERENCES messaging.member,
    app_id uuid REFERENCES messaging.app,
    CONSTRAINT token_of_one CHECK ((member_id IS NULL) <> (app_id IS NULL))
);

CREATE INDEX token_of_member ON messaging.token (member_id)
WHERE member_id IS NOT NULL;

CREATE INDEX token_of_app ON messaging.token (app_id)
WHERE app_id IS NOT NULL;

-- Where members write. Every change locks its row: that is what gives a channel one order.
CREATE TABLE messaging.channel (
    channel_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES messaging.workspace,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^[CGD][0-9A-Z]{10}$'),
    kind text NOT NULL CHECK (kind IN ('public', 'private', 'direct', 'group')),
    name text CHECK (name ~ '^[a-z0-9_-]{1,80}$'),
    topic text NOT NULL DEFAULT '' CHECK (char_length(topic) <= 250),
    purpose text NOT NULL DEFAULT '' CHECK (char_length(purpose) <= 250),
    -- The channel that everybody is in.
    is_general boolean NOT NULL DEFAULT FALSE,
    -- The members of a direct or group conversation: their ids, sorted.
    direct_key text,
    -- Empty for the channel that everybody is in.
    creator_id uuid REFERENCES messaging.member,
    created_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    -- The last entry of its log, and the time of its last message, in µs since 1970.
    last_sequence bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    last_ts_us bigint NOT NULL DEFAULT 0 CHECK (last_ts_us >= 0),
    CONSTRAINT channel_named_unless_direct CHECK ((name IS NOT NULL) = (kind IN ('public', 'private'))),
    CONSTRAINT channel_direct_has_key CHECK ((direct_key IS NOT NULL) = (kind IN ('direct', 'group'))),
    CONSTRAINT channel_general_is_open CHECK (NOT is_general OR (kind = 'public' AND archived_at IS NULL))
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX channel_by_name ON messaging.channel (organisation_id, name)
WHERE name IS NOT NULL;

CREATE UNIQUE INDEX channel_by_direct_key ON messaging.channel (organisation_id, direct_key)
WHERE direct_key IS NOT NULL;

CREATE UNIQUE INDEX channel_general ON messaging.channel (organisation_id)
WHERE is_general;

CREATE INDEX channel_listed ON messaging.channel (organisation_id, channel_id);

-- Who is in a channel, and how far they have read it. The row stays when they leave.
CREATE TABLE messaging.membership (
    channel_id uuid NOT NULL REFERENCES messaging.channel,
    member_id uuid NOT NULL REFERENCES messaging.member,
    joined_at timestamptz NOT NULL,
    joined_sequence bigint NOT NULL,
    left_at timestamptz,
    -- The highest sequence that any device of the member has read.
    read_sequence bigint NOT NULL,
    is_muted boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (channel_id, member_id)
) WITH (fillfactor = 80);

CREATE INDEX membership_of_member ON messaging.membership (member_id, channel_id)
WHERE left_at IS NULL;

-- The log of a channel: what happened, in order and without a gap. No foreign key to the channel: it would lock its row
-- once more for every entry.
CREATE TABLE messaging.event (
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    type text NOT NULL CHECK (
        type IN (
            'message', 'message_edited', 'message_deleted', 'reaction_added', 'reaction_removed', 'pin_added',
            'pin_removed', 'member_joined', 'member_left', 'channel_renamed', 'channel_topic', 'channel_purpose',
            'channel_archived', 'channel_unarchived', 'file_shared', 'file_deleted'
        )
    ),
    at timestamptz NOT NULL,
    -- Who did it; empty for the installation itself.
    member_id uuid,
    -- The message that it is about.
    message_sequence bigint,
    payload jsonb NOT NULL,
    PRIMARY KEY (channel_id, sequence)
);

CREATE INDEX event_of_edit ON messaging.event (channel_id, message_sequence)
WHERE type = 'message_edited';

CREATE TABLE messaging.message (
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    -- Slack's `ts`: µs since 1970, unique in the channel and in the order of `sequence`.
    ts_us bigint NOT NULL,
    member_id uuid NOT NULL,
    client_msg_id text,
    text text NOT NULL CHECK (char_length(text) <= 40000),
    blocks jsonb,
    -- The message that it replies to.
    thread_sequence bigint,
    -- Whether a reply is also shown in the channel.
    is_broadcast boolean NOT NULL DEFAULT FALSE,
    reply_count integer NOT NULL DEFAULT 0 CHECK (reply_count >= 0),
    latest_reply_sequence bigint,
    edited_at timestamptz,
    -- How often it was edited.
    edit_version integer NOT NULL DEFAULT 0 CHECK (edit_version >= 0),
    deleted_at timestamptz,
    subtype text,
    app_id uuid,
    PRIMARY KEY (channel_id, sequence),
    UNIQUE (channel_id, ts_us),
    CONSTRAINT message_edited_with_version CHECK ((edited_at IS NULL) = (edit_version = 0)),
    CONSTRAINT message_deleted_is_blank CHECK (deleted_at IS NULL OR (text = '' AND blocks IS NULL)),
    CONSTRAINT message_broadcast_is_a_reply CHECK (NOT is_broadcast OR thread_sequence IS NOT NULL),
    CONSTRAINT message_replies_to_an_earlier_one CHECK (thread_sequence < sequence)
) WITH (fillfactor = 90);

-- What can be unread.
CREATE INDEX message_counted ON messaging.message (channel_id, sequence) INCLUDE (member_id)
WHERE deleted_at IS NULL AND (thread_sequence IS NULL OR is_broadcast);

CREATE INDEX message_shown ON messaging.message (channel_id, sequence)
WHERE thread_sequence IS NULL OR is_broadcast;

CREATE INDEX message_in_thread ON messaging.message (channel_id, thread_sequence, sequence)
WHERE thread_sequence IS NOT NULL;

-- What became of each message that had an id of its client: the same id is the same message, for all time.
CREATE TABLE messaging.sent (
    member_id uuid NOT NULL,
    client_msg_id text NOT NULL CHECK (char_length(client_msg_id) BETWEEN 1 AND 64),
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (member_id, client_msg_id)
);

-- Who is mentioned in which message.
CREATE TABLE messaging.mention (
    member_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (member_id, channel_id, sequence)
);

CREATE INDEX mention_of_message ON messaging.mention (channel_id, sequence);

CREATE TABLE messaging.reaction (
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL,
    emoji text NOT NULL CHECK (emoji ~ '^[a-z0-9_+''-]{1,100}(::skin-tone-[2-6])?$'),
    member_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, sequence, emoji, member_id),
    FOREIGN KEY (channel_id, sequence) REFERENCES messaging.message ON DELETE CASCADE
);

CREATE INDEX reaction_of_member ON messaging.reaction (member_id, at);

CREATE TABLE messaging.pin (
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL,
    member_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, sequence),
    FOREIGN KEY (channel_id, sequence) REFERENCES messaging.message ON DELETE CASCADE
);

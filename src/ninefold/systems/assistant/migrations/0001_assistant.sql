CREATE SCHEMA assistant;

-- What a person or a program talks about with the assistant: a tree of messages, and which branch is shown.
CREATE TABLE assistant.conversation (
    conversation_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    -- The account that it belongs to, or the organisation if an API key has made it. Others can't read it.
    owner_id uuid NOT NULL,
    title text NOT NULL,
    -- The last message of the branch that is shown.
    current_message_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);

CREATE INDEX conversation_listed ON assistant.conversation (organisation_id, owner_id, updated_at, conversation_id)
WHERE deleted_at IS NULL;

CREATE INDEX conversation_deleted ON assistant.conversation (deleted_at)
WHERE deleted_at IS NOT NULL;

CREATE TABLE assistant.message (
    message_id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES assistant.conversation ON DELETE CASCADE,
    -- What it answers or follows. Messages with the same parent are branches.
    parent_id uuid REFERENCES assistant.message ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    -- The text of an answer comes when its response has ended. Until then, it is in the log.
    text text NOT NULL,
    response_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT message_of_assistant_has_response CHECK ((role = 'assistant') = (response_id IS NOT NULL))
);

CREATE INDEX message_listed ON assistant.message (conversation_id, message_id);

CREATE INDEX message_of_parent ON assistant.message (parent_id);

CREATE UNIQUE INDEX message_of_response ON assistant.message (response_id);

-- One answer of a model, and how far it is. No foreign keys to it: they would lock its row for every event.
CREATE TABLE assistant.response (
    response_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    -- The account that it belongs to, or the organisation if an API key has asked. Others can't read it.
    owner_id uuid NOT NULL,
    -- Who asked: an account or an API key. Limits and usage are theirs.
    asker_id uuid NOT NULL,
    asker_kind text NOT NULL CHECK (asker_kind IN ('account', 'api_key')),
    conversation_id uuid,
    -- The message of the conversation that it becomes; without a conversation, only the id of its output item.
    message_id uuid NOT NULL,
    -- The response that it continues, if it isn't part of a conversation.
    previous_response_id uuid,
    status text NOT NULL CHECK (
        status IN ('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled')
    ),
    -- Whether it can be read after it has ended, and continued.
    is_stored boolean NOT NULL,
    model text NOT NULL,
    engine text,
    -- How to generate, as the request said; the messages of the request for the engine; its items as they were given.
    parameters json NOT NULL,
    messages json NOT NULL,
    input_items json NOT NULL,
    -- What the protocol of the request needs to show the response again.
    surface json NOT NULL,
    output_items json NOT NULL DEFAULT '[]',
    incomplete_reason text,
    error_code text,
    error_message text,
    -- What the token limit has set aside until the response ends.
    reserved_tokens integer NOT NULL CHECK (reserved_tokens >= 0),
    input_tokens integer NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens integer NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    -- The log's last event; events are numbered from 0.
    last_sequence bigint NOT NULL DEFAULT -1,
    is_log_deleted boolean NOT NULL DEFAULT FALSE,
    -- The worker that generates it now.
    leased_by uuid,
    attempt_count integer NOT NULL DEFAULT 0,
    queue_position integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    first_token_at timestamptz,
    finished_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT response_started_unless_queued CHECK (
        CASE status
            WHEN 'queued' THEN started_at IS NULL
            WHEN 'in_progress' THEN started_at IS NOT NULL
            WHEN 'completed' THEN started_at IS NOT NULL
            WHEN 'incomplete' THEN started_at IS NOT NULL
            ELSE TRUE
        END
    ),
    CONSTRAINT response_finished_if_final CHECK ((status IN ('queued', 'in_progress')) = (finished_at IS NULL)),
    CONSTRAINT response_leased_only_in_progress CHECK (leased_by IS NULL OR status = 'in_progress'),
    CONSTRAINT response_failed_with_error CHECK (
        (status = 'failed') = (error_code IS NOT NULL)
        AND (status = 'failed') = (error_message IS NOT NULL)
    ),
    CONSTRAINT response_incomplete_for_a_reason CHECK ((status = 'incomplete') = (incomplete_reason IS NOT NULL))
) WITH (fillfactor = 70);

CREATE INDEX response_waiting ON assistant.response (asker_id, status, response_id)
WHERE status IN ('queued', 'in_progress') AND leased_by IS NULL;

CREATE INDEX response_leased ON assistant.response (leased_by)
WHERE leased_by IS NOT NULL;

CREATE INDEX response_of_conversation ON assistant.response (conversation_id)
WHERE conversation_id IS NOT NULL;

CREATE INDEX response_ended ON assistant.response (finished_at)
WHERE finished_at IS NOT NULL;

-- The log of a response: what happened, in order. An event is committed before anybody sees it.
CREATE TABLE assistant.event (
    response_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    type text NOT NULL,
    payload json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (response_id, sequence)
);

-- Tokens that an account or an API key may still use; they come back at a constant rate.
CREATE TABLE assistant.token_budget (
    asker_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    available double precision NOT NULL,
    refilled_at timestamptz NOT NULL
);

-- What accounts and API keys have used, by day and model.
CREATE TABLE assistant.usage (
    organisation_id uuid NOT NULL,
    asker_id uuid NOT NULL,
    asker_kind text NOT NULL CHECK (asker_kind IN ('account', 'api_key')),
    day date NOT NULL,
    model text NOT NULL,
    responses bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    PRIMARY KEY (organisation_id, day, asker_id, model)
);

-- name: message_find^
-- Read a message of a channel.
SELECT *
FROM messaging.message
WHERE channel_id = :channel_id AND sequence = :sequence;

-- name: message_find_by_ts^
-- Read the message of a channel with a time.
SELECT *
FROM messaging.message
WHERE channel_id = :channel_id AND ts_us = :ts_us;

-- name: message_insert^
-- Insert a message, and count it in its thread.
WITH replied AS (
    UPDATE messaging.message
    SET
        reply_count = reply_count + 1,
        latest_reply_sequence = :sequence
    WHERE channel_id = :channel_id AND sequence = :thread_sequence::bigint
)
INSERT INTO messaging.message (
    channel_id,
    sequence,
    ts_us,
    member_id,
    client_msg_id,
    text,
    blocks,
    thread_sequence,
    is_broadcast,
    subtype,
    app_id,
    file_ids
)
VALUES (
    :channel_id,
    :sequence,
    :ts_us,
    :member_id,
    :client_msg_id,
    :text,
    :blocks::text::jsonb,
    :thread_sequence::bigint,
    :is_broadcast,
    :subtype,
    :app_id,
    :file_ids::uuid[]
)
RETURNING *;

-- name: message_list_after
-- Read the first messages of a channel after a sequence, oldest first, without deleted ones that nobody has answered.
SELECT *
FROM messaging.message
WHERE channel_id = :channel_id
    AND sequence > :after
    AND (thread_sequence IS NULL OR is_broadcast)
    AND (deleted_at IS NULL OR reply_count > 0)
ORDER BY sequence
LIMIT :limit;

-- name: message_list_before
-- Read the last messages of a channel before a sequence, latest first, without deleted ones that nobody has answered.
SELECT *
FROM messaging.message
WHERE channel_id = :channel_id
    AND sequence < :before
    AND (thread_sequence IS NULL OR is_broadcast)
    AND (deleted_at IS NULL OR reply_count > 0)
ORDER BY sequence DESC
LIMIT :limit;

-- name: message_list_replies
-- Read the first replies of a thread after a sequence, oldest first, without deleted ones.
SELECT *
FROM messaging.message
WHERE channel_id = :channel_id
    AND thread_sequence = :thread_sequence
    AND sequence > :after
    AND deleted_at IS NULL
ORDER BY sequence
LIMIT :limit;

-- name: message_search
-- Find messages that a member can see, latest first; without a member, all of an organisation.
SELECT message.*
FROM messaging.message
INNER JOIN messaging.channel USING (channel_id)
WHERE channel.organisation_id = :organisation_id
    AND message.deleted_at IS NULL
    AND (:words::text = '' OR to_tsvector('simple', message.text) @@ websearch_to_tsquery('simple', :words))
    AND message.ts_us < :before
    AND message.ts_us >= :not_before
    AND (:author_ids::uuid[] IS NULL OR message.member_id = ANY(:author_ids::uuid[]))
    AND (:channel_ids::uuid[] IS NULL OR message.channel_id = ANY(:channel_ids::uuid[]))
    AND (NOT :has_file::boolean OR message.file_ids <> '{}')
    AND (NOT :has_link::boolean OR message.text ~ 'https?://')
    AND (NOT :is_in_thread::boolean OR message.thread_sequence IS NOT NULL OR message.reply_count > 0)
    AND (
        NOT :has_pin::boolean
        OR EXISTS (
            SELECT 1
            FROM messaging.pin
            WHERE pin.channel_id = message.channel_id AND pin.sequence = message.sequence
        )
    )
    AND (
        :member_id::uuid IS NULL
        OR channel.kind = 'public'
        OR EXISTS (
            SELECT 1
            FROM messaging.membership
            WHERE membership.channel_id = message.channel_id
                AND membership.member_id = :member_id
                AND membership.left_at IS NULL
        )
    )
ORDER BY message.ts_us DESC, message.channel_id
LIMIT :limit;

-- name: message_sequence_at$
-- Return the sequence of a channel's last message before a time, or at it; 0 if there is none.
SELECT coalesce(max(sequence), 0)
FROM messaging.message
WHERE channel_id = :channel_id AND ts_us <= :ts_us;

-- name: message_update_deleted^
-- Blank a message, and take it out of the count of its thread.
WITH uncounted AS (
    UPDATE messaging.message
    SET
        reply_count = reply_count - 1,
        latest_reply_sequence = (
            SELECT max(reply.sequence)
            FROM messaging.message AS reply
            WHERE reply.channel_id = :channel_id
                AND reply.thread_sequence = :thread_sequence::bigint
                AND reply.sequence <> :sequence
                AND reply.deleted_at IS NULL
        )
    WHERE channel_id = :channel_id AND sequence = :thread_sequence::bigint
)
UPDATE messaging.message
SET
    deleted_at = :deleted_at,
    text = '',
    blocks = NULL,
    file_ids = '{}'
WHERE channel_id = :channel_id AND sequence = :sequence
RETURNING *;

-- name: message_update_text^
-- Write a new text of a message.
UPDATE messaging.message
SET
    text = :text,
    blocks = :blocks::text::jsonb,
    edited_at = :edited_at,
    edit_version = edit_version + 1
WHERE channel_id = :channel_id AND sequence = :sequence
RETURNING *;

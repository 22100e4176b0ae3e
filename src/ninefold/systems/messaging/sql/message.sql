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

-- name: message_find_first_time$
-- Return the time of the first message of a block, by the term of the block in the index.
SELECT message.ts_us
FROM messaging.message
WHERE message.deleted_at IS NULL
    AND messaging.search_terms(
        message.text,
        message.organisation_id,
        message.channel_id,
        message.member_id,
        message.ordinal,
        message.thread_sequence,
        message.file_ids
    ) @@ :term::text::tsquery
ORDER BY message.ordinal
LIMIT 1;

-- name: message_last_ordinal$
-- Return the ordinal of the latest message of all organisations.
SELECT last_value
FROM messaging.message_ordinal;

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

-- name: message_list_by_sequences
-- Read several messages of a channel, deleted ones too.
SELECT *
FROM messaging.message
WHERE channel_id = :channel_id AND sequence = ANY(:sequences::bigint[]);

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

-- name: message_ordinal_at$
-- Return the ordinal of the last message before a time in several channels, or in all of an organisation.
SELECT coalesce(max(earlier.ordinal), 0)
FROM messaging.channel
CROSS JOIN LATERAL (
    SELECT message.ordinal
    FROM messaging.message
    WHERE message.channel_id = channel.channel_id AND message.ts_us < :ts_us
    ORDER BY message.ts_us DESC
    LIMIT 1
) AS earlier
WHERE channel.organisation_id = :organisation_id
    AND (:channel_ids::uuid[] IS NULL OR channel.channel_id = ANY(:channel_ids::uuid[]));

-- name: message_post$
-- Append a message to a channel that is locked: to its log and its messages, to a thread, and the id of its client.
-- Returns whether that id is new; if it isn't, the transaction must be rolled back.
WITH kept AS (
    INSERT INTO messaging.sent (member_id, client_msg_id, channel_id, sequence)
    SELECT
        :member_id,
        :client_msg_id::text,
        :channel_id,
        :sequence
    WHERE :client_msg_id::text IS NOT NULL
    ON CONFLICT (member_id, client_msg_id) DO NOTHING
    RETURNING sequence
), appended AS (
    UPDATE messaging.channel
    SET
        last_sequence = :sequence,
        last_ts_us = :ts_us
    WHERE channel_id = :channel_id
), logged AS (
    INSERT INTO messaging.event (channel_id, sequence, type, at, member_id, payload)
    VALUES (:channel_id, :sequence, 'message', :at, :member_id, :payload::text::jsonb)
), replied AS (
    UPDATE messaging.message
    SET
        reply_count = reply_count + 1,
        latest_reply_sequence = :sequence
    WHERE channel_id = :channel_id AND sequence = :thread_sequence::bigint
), posted AS (
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
        file_ids,
        organisation_id
    )
    VALUES (
        :channel_id,
        :sequence,
        :ts_us,
        :member_id,
        :client_msg_id::text,
        :text,
        :blocks::text::jsonb,
        :thread_sequence::bigint,
        :is_broadcast,
        :subtype,
        :app_id,
        :file_ids::uuid[],
        :organisation_id
    )
)
SELECT :client_msg_id::text IS NULL OR EXISTS (SELECT FROM kept);

-- name: message_search
-- Find messages that a member can see, latest first, in one part of the messages after the other until there are enough.
SELECT message.*
FROM unnest(:terms::text[], :firsts::bigint[], :lasts::bigint[]) AS part (terms, first, last)
CROSS JOIN LATERAL (
    SELECT message.*
    FROM messaging.message
    INNER JOIN messaging.channel USING (channel_id)
    WHERE message.deleted_at IS NULL
        AND messaging.search_terms(
            message.text,
            message.organisation_id,
            message.channel_id,
            message.member_id,
            message.ordinal,
            message.thread_sequence,
            message.file_ids
        ) @@ (websearch_to_tsquery('simple', :words) && part.terms::tsquery)
        AND (:words::text = '' OR numnode(websearch_to_tsquery('simple', :words)) > 0)
        AND message.ordinal BETWEEN part.first AND part.last
        AND message.organisation_id = :organisation_id
        -- Not by an index: it would read all messages of the time.
        AND message.ts_us + 0 >= :not_before
        AND message.ts_us + 0 < :before
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
    ORDER BY message.ordinal DESC
    LIMIT :limit
) AS message
LIMIT :limit;

-- name: message_search_pinned
-- Find pinned messages that a member can see, latest first.
SELECT message.*
FROM messaging.channel
INNER JOIN messaging.pin USING (channel_id)
INNER JOIN messaging.message USING (channel_id, sequence)
WHERE channel.organisation_id = :organisation_id
    AND message.deleted_at IS NULL
    AND (
        (:words::text = '' AND :terms::text = '')
        OR messaging.search_terms(
            message.text,
            message.organisation_id,
            message.channel_id,
            message.member_id,
            message.ordinal,
            message.thread_sequence,
            message.file_ids
        ) @@ (websearch_to_tsquery('simple', :words) && :terms::text::tsquery)
    )
    AND (:words::text = '' OR numnode(websearch_to_tsquery('simple', :words)) > 0)
    AND message.ordinal BETWEEN :first AND :last
    AND message.ts_us >= :not_before
    AND message.ts_us < :before
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
ORDER BY message.ordinal DESC
LIMIT :limit;

-- name: message_sequence_at$
-- Return the sequence of a channel's last message before a time, or at it; 0 if there is none.
SELECT coalesce(max(sequence), 0)
FROM messaging.message
WHERE channel_id = :channel_id AND ts_us <= :ts_us;

-- name: message_ts_at$
-- Return the time of a channel's last message before a sequence, or at it; 0 if there is none.
SELECT coalesce(max(ts_us), 0)
FROM (
    SELECT ts_us
    FROM messaging.message
    WHERE channel_id = :channel_id AND sequence <= :sequence
    ORDER BY sequence DESC
    LIMIT 1
) AS latest;

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

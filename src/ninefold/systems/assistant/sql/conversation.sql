-- name: conversation_delete$
-- Mark a conversation as deleted; returns no row when the owner has none with this id.
UPDATE assistant.conversation
SET deleted_at = now()
WHERE conversation_id = :conversation_id
    AND organisation_id = :organisation_id
    AND owner_id = ANY(:owner_ids::uuid[])
    AND deleted_at IS NULL
RETURNING conversation_id;

-- name: conversation_delete_unused$
-- Delete conversations that were marked as deleted before a time, with their messages, responses and logs; count them.
WITH deleted AS (
    DELETE FROM assistant.conversation
    WHERE conversation_id IN (
        SELECT conversation_id
        FROM assistant.conversation
        WHERE deleted_at < :before
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING conversation_id
),
deleted_response AS (
    DELETE FROM assistant.response
    WHERE conversation_id IN (SELECT conversation_id FROM deleted)
    RETURNING response_id
),
deleted_event AS (
    DELETE FROM assistant.event
    WHERE response_id IN (SELECT response_id FROM deleted_response)
)
SELECT count(*)
FROM deleted;

-- name: conversation_find^
-- Read one conversation of an owner.
SELECT *
FROM assistant.conversation
WHERE conversation_id = :conversation_id
    AND organisation_id = :organisation_id
    AND owner_id = ANY(:owner_ids::uuid[])
    AND deleted_at IS NULL;

-- name: conversation_insert^
-- Insert a conversation without messages.
INSERT INTO assistant.conversation (conversation_id, organisation_id, owner_id, title)
VALUES (:conversation_id, :organisation_id, :owner_id, :title)
RETURNING *;

-- name: conversation_list
-- Read a page of an owner's conversations, latest first; with a pattern, those with a title or a message like it.
SELECT *
FROM assistant.conversation
WHERE organisation_id = :organisation_id
    AND owner_id = :owner_id
    AND deleted_at IS NULL
    AND (
        :pattern::text IS NULL
        OR title ILIKE :pattern
        OR EXISTS (
            SELECT
            FROM assistant.message
            WHERE message.conversation_id = conversation.conversation_id
                AND message.text ILIKE :pattern
        )
    )
    AND (
        :before_updated_at::timestamptz IS NULL
        OR (updated_at, conversation_id) < (:before_updated_at, :before_conversation_id::uuid)
    )
ORDER BY updated_at DESC, conversation_id DESC
LIMIT :limit;

-- name: conversation_lock^
-- Read one conversation of an owner, and keep others from changing it until the transaction ends.
SELECT *
FROM assistant.conversation
WHERE conversation_id = :conversation_id
    AND organisation_id = :organisation_id
    AND owner_id = ANY(:owner_ids::uuid[])
    AND deleted_at IS NULL
FOR UPDATE;

-- name: conversation_touch!
-- Make a conversation the latest one of its owner.
UPDATE assistant.conversation
SET updated_at = now()
WHERE conversation_id = :conversation_id;

-- name: conversation_update^
-- Change the title of a conversation and which branch it shows.
UPDATE assistant.conversation
SET
    title = :title,
    current_message_id = :current_message_id,
    updated_at = now()
WHERE conversation_id = :conversation_id
RETURNING *;

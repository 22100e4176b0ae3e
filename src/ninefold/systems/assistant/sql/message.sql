-- name: message_count$
-- Count the messages of a conversation.
SELECT count(*)
FROM assistant.message
WHERE conversation_id = :conversation_id;

-- name: message_find^
-- Read one message of a conversation.
SELECT *
FROM assistant.message
WHERE message_id = :message_id
    AND conversation_id = :conversation_id;

-- name: message_find_leaf$
-- Return the last message of the newest branch below a message; the message itself if it has none.
WITH RECURSIVE branch AS (
    SELECT
        :message_id::uuid AS message_id,
        1 AS depth
    UNION ALL
    SELECT
        newest.message_id,
        branch.depth + 1
    FROM branch
    CROSS JOIN LATERAL (
        SELECT message.message_id
        FROM assistant.message
        WHERE message.parent_id = branch.message_id
        ORDER BY message.message_id DESC
        LIMIT 1
    ) AS newest
    WHERE branch.depth < :depth_max
)
SELECT message_id
FROM branch
ORDER BY depth DESC
LIMIT 1;

-- name: message_insert^
-- Insert a message.
INSERT INTO assistant.message (message_id, conversation_id, parent_id, role, text, response_id)
VALUES (:message_id, :conversation_id, :parent_id, :role, :text, :response_id)
RETURNING *;

-- name: message_list
-- Read all messages of a conversation, oldest first.
SELECT *
FROM assistant.message
WHERE conversation_id = :conversation_id
ORDER BY message_id
LIMIT :limit;

-- name: message_list_path
-- Read a message and those before it, newest first, up to a limit.
WITH RECURSIVE path AS (
    SELECT
        message.*,
        1 AS place
    FROM assistant.message
    WHERE message_id = :message_id
    UNION ALL
    SELECT
        message.*,
        path.place + 1
    FROM path
    INNER JOIN assistant.message
        ON message.message_id = path.parent_id
    WHERE path.place < :limit
)
SELECT *
FROM path
ORDER BY place;

-- name: message_update_text!
-- Record the text of an answer that has ended.
UPDATE assistant.message
SET text = :text
WHERE response_id = :response_id;

-- name: push_accept^
-- Record the updates of a push that git has received.
UPDATE workflows.push
SET state = 'accepted', updates = :updates::text::jsonb, accepted_at = :accepted_at
WHERE push_id = :push_id AND state = 'receiving'
RETURNING *;

-- name: push_claim^
-- Lock the oldest push whose updates have started nothing yet, and which has no earlier one in its repository.
SELECT *
FROM workflows.push AS push
WHERE
    push.state = 'accepted'
    AND push.repository_id <> ALL(:held_back::uuid[])
    AND NOT EXISTS (
        SELECT
        FROM workflows.push AS earlier
        WHERE
            earlier.repository_id = push.repository_id
            AND earlier.push_id < push.push_id
            AND earlier.state = 'accepted'
    )
ORDER BY push.push_id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: push_delete_receiving!
-- Forget a push that has moved nothing.
DELETE FROM workflows.push
WHERE repository_id = :repository_id AND state = 'receiving';

-- name: push_find_receiving^
-- Read the push that git receives in a repository, or that a crash left so.
SELECT *
FROM workflows.push
WHERE repository_id = :repository_id AND state = 'receiving'
ORDER BY push_id DESC
LIMIT 1;

-- name: push_insert!
-- Say that git begins to receive a push.
INSERT INTO workflows.push (push_id, repository_id, state, pushed_by, received_at)
VALUES (:push_id, :repository_id, 'receiving', :pushed_by, :received_at);

-- name: push_list_unfinished
-- List the repositories in which git receives pushes, or in which a crash left some.
SELECT DISTINCT repository_id
FROM workflows.push
WHERE state = 'receiving' AND received_at < :before
ORDER BY repository_id
LIMIT :limit;

-- name: push_trigger!
-- Say that the updates of a push have started what they start.
UPDATE workflows.push
SET state = 'triggered', triggered_at = :triggered_at
WHERE push_id = :push_id AND state = 'accepted';

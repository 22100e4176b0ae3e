-- name: push_accept^
-- Record the updates of a push that git has received.
UPDATE workflows.push
SET state = 'accepted', updates = :updates::text::jsonb, accepted_at = :accepted_at
WHERE push_id = :push_id AND state = 'receiving'
RETURNING *;

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

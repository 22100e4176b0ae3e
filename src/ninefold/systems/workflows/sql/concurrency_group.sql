-- name: concurrency_group_delete_unused!
-- Delete a group that is locked, if nothing is in it.
DELETE FROM workflows.concurrency_group
WHERE repository_id = :repository_id
    AND name = :name
    AND NOT EXISTS (
        SELECT
        FROM workflows.concurrency_entry
        WHERE concurrency_entry.repository_id = concurrency_group.repository_id
            AND concurrency_entry.group_name = concurrency_group.name
    );

-- name: concurrency_group_lock!
-- Keep others from entering or leaving a group until the transaction ends; create it if it isn't there.
INSERT INTO workflows.concurrency_group (repository_id, name)
VALUES (:repository_id, :name)
ON CONFLICT (repository_id, name) DO UPDATE
SET name = excluded.name;

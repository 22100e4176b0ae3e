-- name: concurrency_entry_delete
-- Let a run, or one of its jobs, leave its concurrency group; return the group if others may follow.
DELETE FROM workflows.concurrency_entry
WHERE run_id = :run_id
    AND coalesce(job_key, '') = :job_key
RETURNING repository_id, group_name, is_holder;

-- name: concurrency_entry_delete_of_run
-- Let a run and all its jobs leave their concurrency groups; return the groups.
DELETE FROM workflows.concurrency_entry
WHERE run_id = :run_id
RETURNING repository_id, group_name, is_holder;

-- name: concurrency_entry_delete_one!
-- Delete an entry that waits for its group.
DELETE FROM workflows.concurrency_entry
WHERE entry_id = :entry_id;

-- name: concurrency_entry_find_next^
-- Read the entry that is in a group next: the oldest one that waits.
SELECT entry_id, run_id, attempt, job_key, is_holder
FROM workflows.concurrency_entry
WHERE repository_id = :repository_id
    AND group_name = :group_name
    AND NOT is_holder
ORDER BY entry_id
LIMIT 1;

-- name: concurrency_entry_hold!
-- Let an entry that has waited be in its group.
UPDATE workflows.concurrency_entry
SET is_holder = TRUE
WHERE entry_id = :entry_id;

-- name: concurrency_entry_insert!
-- Let a run or a job be in a group, or wait for it.
INSERT INTO workflows.concurrency_entry (repository_id, group_name, run_id, attempt, job_key, is_holder)
VALUES (:repository_id, :group_name, :run_id, :attempt, :job_key, :is_holder);

-- name: concurrency_entry_list
-- Read the entries of a group, the one that is in it first, then the oldest.
SELECT entry_id, run_id, attempt, job_key, is_holder
FROM workflows.concurrency_entry
WHERE repository_id = :repository_id
    AND group_name = :group_name
ORDER BY is_holder DESC, entry_id
LIMIT :limit;

-- name: schedule_delete_others!
-- Delete the schedules of a repository that aren't these, and aren't of these files.
DELETE FROM workflows.schedule
WHERE repository_id = :repository_id
    AND workflow_file <> ALL(:files_kept::text[])
    AND NOT EXISTS (
        SELECT
        FROM unnest(:files::text[], :crons::text[], :timezones::text[]) AS kept (file, cron, timezone)
        WHERE kept.file = schedule.workflow_file
            AND kept.cron = schedule.cron
            AND kept.timezone = schedule.timezone
    );

-- name: schedule_insert!
-- Insert schedules; those that are there keep their next times.
INSERT INTO workflows.schedule (repository_id, workflow_file, cron, timezone, next_at)
SELECT :repository_id, new.file, new.cron, new.timezone, new.next_at
FROM unnest(:files::text[], :crons::text[], :timezones::text[], :next_at::timestamptz[])
    AS new (file, cron, timezone, next_at)
ON CONFLICT (repository_id, workflow_file, cron, timezone) DO NOTHING;

-- name: schedule_lock_due^
-- Read the schedule that has been due for the longest time, and that no other worker has locked.
SELECT
    repository.organisation_id,
    schedule.repository_id,
    schedule.workflow_file,
    schedule.cron,
    schedule.timezone,
    schedule.next_at
FROM workflows.schedule
INNER JOIN workflows.repository ON repository.repository_id = schedule.repository_id
WHERE schedule.next_at <= :now
    AND repository.deleted_at IS NULL
ORDER BY schedule.next_at
LIMIT 1
FOR UPDATE OF schedule SKIP LOCKED;

-- name: schedule_move!
-- Write when a schedule is due next, and what became of the tick.
UPDATE workflows.schedule
SET next_at = :next_at,
    last_at = coalesce(:last_at, last_at),
    dropped = dropped + :dropped
WHERE repository_id = :repository_id
    AND workflow_file = :workflow_file
    AND cron = :cron
    AND timezone = :timezone;

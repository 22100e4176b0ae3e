-- name: schedule_list
-- Read all schedules, sorted by name.
SELECT
    name,
    cron,
    timezone,
    next_run_at,
    last_run_at
FROM jobs.schedule
ORDER BY name;

-- name: schedule_lock_due
-- Lock the due schedules until the end of the transaction, skipping those that another worker has locked.
SELECT
    name,
    statement_timestamp() AS now
FROM jobs.schedule
WHERE name = ANY(:names::text[])
    AND next_run_at <= statement_timestamp()
ORDER BY name
FOR UPDATE SKIP LOCKED;

-- name: schedule_read_clock$
-- Read the database's clock, which all workers use.
SELECT statement_timestamp();

-- name: schedule_set_next!
-- Set when a schedule is due next.
UPDATE jobs.schedule
SET
    next_run_at = :next_run_at,
    last_run_at = statement_timestamp()
WHERE name = :name;

-- name: schedule_upsert!
-- Write a new or changed schedule; an unchanged one keeps its next time, even if that was missed.
INSERT INTO jobs.schedule (name, cron, timezone, next_run_at)
VALUES (:name, :cron, :timezone, :next_run_at)
ON CONFLICT (name) DO UPDATE
SET
    cron = excluded.cron,
    timezone = excluded.timezone,
    next_run_at = excluded.next_run_at
WHERE schedule.cron <> excluded.cron
    OR schedule.timezone <> excluded.timezone;

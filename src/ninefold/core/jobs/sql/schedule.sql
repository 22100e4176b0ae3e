-- name: schedule_list
-- Read every schedule, by name.
SELECT
    name,
    cron,
    timezone,
    next_run_at,
    last_run_at
FROM jobs.schedule
ORDER BY name;

-- name: schedule_lock_due
-- Hold the schedules that are due until the transaction's end, skipping those that another worker has in hand.
SELECT
    name,
    statement_timestamp() AS now
FROM jobs.schedule
WHERE name = ANY(:names::text[])
    AND next_run_at <= statement_timestamp()
ORDER BY name
FOR UPDATE SKIP LOCKED;

-- name: schedule_read_clock$
-- Read the database's clock, by which every worker goes.
SELECT statement_timestamp();

-- name: schedule_set_next!
-- Write when a schedule that was due is due again.
UPDATE jobs.schedule
SET
    next_run_at = :next_run_at,
    last_run_at = statement_timestamp()
WHERE name = :name;

-- name: schedule_upsert!
-- Write a schedule that is new or has changed; one that is as it was keeps its next time, also one that was missed.
INSERT INTO jobs.schedule (name, cron, timezone, next_run_at)
VALUES (:name, :cron, :timezone, :next_run_at)
ON CONFLICT (name) DO UPDATE
SET
    cron = excluded.cron,
    timezone = excluded.timezone,
    next_run_at = excluded.next_run_at
WHERE schedule.cron <> excluded.cron
    OR schedule.timezone <> excluded.timezone;

-- A schedule that was missed while nothing ran.
INSERT INTO jobs.schedule (name, cron, timezone, next_run_at, last_run_at)
VALUES ('jobs.delete_finished', '17 * * * *', 'UTC', now() - interval '1 day', now() - interval '2 days');

-- name: unfinished_task_cancel!
-- Cancel what was still to be done for a title. Who does one of them finds that its lease is gone.
UPDATE video.task
SET status = 'canceled', finished_at = :at, leased_by = NULL
WHERE title_id = :title_id AND status IN ('queued', 'running', 'retrying');

-- name: unfinished_task_retry
-- Queue what has failed or was canceled for a title again.
UPDATE video.task
SET status = 'queued', finished_at = NULL, error = NULL, attempt_count = 0, run_at = :at
WHERE title_id = :title_id AND status IN ('failed', 'canceled')
RETURNING task_id;

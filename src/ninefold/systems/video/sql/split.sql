-- name: split_insert!
-- Have a source split: its first bytes are there.
INSERT INTO video.task (task_id, organisation_id, title_id, kind)
VALUES (:task_id, :organisation_id, :title_id, 'split')
ON CONFLICT DO NOTHING;

-- name: split_resume^
-- Have a source split further: it had stopped because no bytes came, or because the whole file is needed.
UPDATE video.task
SET status = 'queued', finished_at = NULL, run_at = :at
WHERE title_id = :title_id AND kind = 'split' AND status = 'succeeded'
RETURNING task_id;

-- name: step_summary_append!
-- Add to what a step has written into its summary.
INSERT INTO workflows.step_summary (job_id, step_number, step_name, markdown)
VALUES (:job_id, :step_number, :step_name, :markdown)
ON CONFLICT (job_id, step_number) DO UPDATE
SET markdown = step_summary.markdown || excluded.markdown
WHERE octet_length(step_summary.markdown) + octet_length(excluded.markdown) <= 1048576;

-- name: step_summary_list
-- Read the summaries of the steps of an attempt of a run.
SELECT step_summary.job_id, job.key, job.name, step_summary.step_number, step_summary.step_name, step_summary.markdown
FROM workflows.step_summary
INNER JOIN workflows.job ON job.job_id = step_summary.job_id
WHERE job.run_id = :run_id
    AND job.attempt = :attempt
ORDER BY job.job_id, step_summary.step_number
LIMIT :limit;

-- A paused job is `waiting`, like one that waits for its key, until somebody resumes it. A running job is asked to stop
-- first.
ALTER TABLE jobs.job
ADD COLUMN pause_requested_at timestamptz,
ADD COLUMN paused_at timestamptz,
ADD COLUMN paused_by text,
DROP CONSTRAINT job_waits_for_its_key,
ADD CONSTRAINT job_waits_for_its_key_or_to_be_resumed CHECK (
    state <> 'waiting' OR key IS NOT NULL OR paused_at IS NOT NULL
),
ADD CONSTRAINT job_waits_while_paused CHECK (paused_at IS NULL OR state = 'waiting'),
ADD CONSTRAINT job_pause_requested_while_running CHECK (pause_requested_at IS NULL OR state = 'running'),
ADD CONSTRAINT job_paused_by_somebody CHECK (
    (paused_at IS NOT NULL OR pause_requested_at IS NOT NULL) = (paused_by IS NOT NULL)
);

-- The jobs of an organisation, newest first.
CREATE INDEX job_listed ON jobs.job (organisation_id, job_id)
WHERE organisation_id IS NOT NULL;

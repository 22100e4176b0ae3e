-- When each schedule of the code enqueues its next job. A schedule that the code has no more keeps its row, unused: an
-- older worker that still runs may have it.
CREATE TABLE jobs.schedule (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    cron text NOT NULL,
    timezone text NOT NULL,
    next_run_at timestamptz NOT NULL,
    last_run_at timestamptz
);

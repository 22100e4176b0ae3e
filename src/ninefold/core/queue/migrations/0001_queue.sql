CREATE SCHEMA queue;

-- One row per living worker process. Rows of other schemas that it holds name it in their `leased_by`.
CREATE TABLE queue.worker (
    worker_id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    lease_expires_at timestamptz NOT NULL
);

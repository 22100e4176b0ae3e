-- Which jobs of an organisation start first: -1 is low, 0 normal, 1 high.
ALTER TABLE workflows.run
ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1 AND 1);

ALTER TABLE workflows.job
ADD CONSTRAINT job_priority_is_known CHECK (priority BETWEEN -1 AND 1);

-- Of the runs that it starts, unless they say another one.
ALTER TABLE workflows.repository
ADD COLUMN default_priority smallint NOT NULL DEFAULT 0 CHECK (default_priority BETWEEN -1 AND 1);

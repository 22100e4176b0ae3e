-- What an organisation gets of the runners.
CREATE TABLE workflows.share (
    organisation_id uuid PRIMARY KEY,
    -- A small number that stays the same: its jobs' user on runners is made from it.
    uid_number integer NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY (MINVALUE 0),
    -- Jobs that it starts in a round.
    weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100),
    -- Jobs that it can run at once; NULL for the default of the installation.
    jobs_max integer CHECK (jobs_max BETWEEN 0 AND 100000),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Where an organisation stands in the deficit round robin. Claims lock these rows and nothing else of an organisation.
CREATE TABLE workflows.turn (
    organisation_id uuid PRIMARY KEY REFERENCES workflows.share ON DELETE CASCADE,
    round bigint NOT NULL DEFAULT 0,
    -- Its place within the round.
    joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Jobs that it can still start in this round; the round ends for it at 0.
    deficit integer NOT NULL DEFAULT 0 CHECK (deficit BETWEEN 0 AND 100),
    -- Whether it may have a job that can be claimed: one is queued, and it has room for it. TRUE can be out of date.
    is_active boolean NOT NULL DEFAULT FALSE
) WITH (fillfactor = 50);

CREATE INDEX turn_next ON workflows.turn (round, joined_at, organisation_id)
WHERE is_active;

-- Jobs that can be claimed, for each set of labels apart: the first of each is found without reading the others.
CREATE INDEX job_of_lane ON workflows.job (
    organisation_id, (coalesce(runner_group, '')), labels, priority DESC, queued_at, job_id
)
WHERE status = 'queued' AND lease_expires_at IS NULL;

-- Jobs that count towards the quota.
CREATE INDEX job_claimed ON workflows.job (organisation_id)
WHERE lease_expires_at IS NOT NULL;

CREATE INDEX job_of_runner ON workflows.job (runner_id)
WHERE lease_expires_at IS NOT NULL;

CREATE INDEX job_ended_recently ON workflows.job (organisation_id, ended_at)
WHERE ended_at IS NOT NULL;

-- Marks an organisation as having a job to claim. What deactivates one locks its row first; here it is locked too, in
-- another mode, and read as it is then. So no job is overlooked that is committed at the same moment.
CREATE FUNCTION workflows.activate_turn(its_organisation_id uuid) RETURNS void AS $$
DECLARE
    was_active boolean;
    first_round bigint;
BEGIN
    SELECT is_active INTO was_active
    FROM workflows.turn
    WHERE organisation_id = its_organisation_id
    FOR KEY SHARE;

    IF was_active THEN
        RETURN;
    END IF;

    IF was_active IS NULL THEN
        INSERT INTO workflows.share (organisation_id) VALUES (its_organisation_id) ON CONFLICT DO NOTHING;
        INSERT INTO workflows.turn (organisation_id) VALUES (its_organisation_id) ON CONFLICT DO NOTHING;
    END IF;

    -- It joins the round that is served now.
    SELECT round INTO first_round
    FROM workflows.turn
    WHERE is_active
    ORDER BY round, joined_at, organisation_id
    LIMIT 1;

    UPDATE workflows.turn
    SET
        is_active = TRUE,
        round = coalesce(first_round, turn.round),
        joined_at = clock_timestamp(),
        deficit = share.weight
    FROM workflows.share
    WHERE turn.organisation_id = its_organisation_id
        AND share.organisation_id = turn.organisation_id
        AND NOT turn.is_active;
END;
$$ LANGUAGE plpgsql;

CREATE FUNCTION workflows.activate_turn_of_job() RETURNS trigger AS $$
BEGIN
    PERFORM workflows.activate_turn(coalesce(NEW.organisation_id, OLD.organisation_id));
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

-- The triggers fire at the end of a transaction, which then locks nothing else. So nothing can wait in a circle.
CREATE CONSTRAINT TRIGGER job_is_added AFTER INSERT ON workflows.job
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW
WHEN (NEW.status = 'queued')
EXECUTE FUNCTION workflows.activate_turn_of_job();

-- A job can be claimed from now on, or one less counts towards the quota.
CREATE CONSTRAINT TRIGGER job_is_queued_or_over AFTER UPDATE OF status, lease_expires_at ON workflows.job
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW
WHEN (
    (NEW.status = 'queued' AND NEW.lease_expires_at IS NULL)
    OR (OLD.lease_expires_at IS NOT NULL AND NEW.lease_expires_at IS NULL)
)
EXECUTE FUNCTION workflows.activate_turn_of_job();

CREATE CONSTRAINT TRIGGER leased_job_is_deleted AFTER DELETE ON workflows.job
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW
WHEN (OLD.lease_expires_at IS NOT NULL)
EXECUTE FUNCTION workflows.activate_turn_of_job();

SELECT workflows.activate_turn(organisation_id)
FROM (SELECT DISTINCT organisation_id FROM workflows.job WHERE status = 'queued') AS queued;

-- Allows a runner to register. The token itself is nowhere: `digest` is the SHA-256 of its text.
CREATE TABLE workflows.registration (
    registration_id uuid PRIMARY KEY,
    -- NULL for runners of the installation, which run the jobs of all organisations.
    organisation_id uuid,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- NULL if it never expires.
    expires_at timestamptz
);

CREATE INDEX registration_expired ON workflows.registration (expires_at);

CREATE TABLE workflows.runner (
    runner_id uuid PRIMARY KEY,
    -- NULL if it runs the jobs of all organisations.
    organisation_id uuid,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    runner_group text NOT NULL DEFAULT '' CHECK (char_length(runner_group) <= 100),
    labels text[] NOT NULL,
    jobs_max integer NOT NULL CHECK (jobs_max BETWEEN 1 AND 256),
    is_ephemeral boolean NOT NULL,
    version text NOT NULL,
    prefix text NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    -- It takes no further jobs, and leaves when it has none.
    draining_since timestamptz,
    -- Set when an ephemeral runner has claimed its only job.
    used_at timestamptz
);

CREATE INDEX runner_of_organisation ON workflows.runner (organisation_id, runner_id);

CREATE INDEX runner_seen ON workflows.runner (seen_at);

-- Since when a server could be reached without a break. While none could, no lease ends: runners couldn't renew theirs.
CREATE TABLE workflows.reachability (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    reachable_since timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

-- What a runner has said about a job: up to which batch, and how long the log is.
CREATE TABLE workflows.job_log (
    job_id uuid PRIMARY KEY REFERENCES workflows.job ON DELETE CASCADE,
    organisation_id uuid NOT NULL,
    -- The lease that the batches are of, and the number of the last one.
    lease_number bigint NOT NULL,
    last_batch bigint NOT NULL DEFAULT 0 CHECK (last_batch >= 0),
    last_line bigint NOT NULL DEFAULT 0 CHECK (last_line >= 0),
    size_bytes bigint NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    -- Lines beyond the limit, which were dropped.
    dropped_lines bigint NOT NULL DEFAULT 0 CHECK (dropped_lines >= 0),
    ended_at timestamptz,
    -- The lease whose runner has said how the job ended; NULL if it was lost.
    finished_lease bigint,
    -- The archive: the lines in a blob, as compressed parts.
    blob_id uuid,
    -- An array of `[first line, start, end]` for each part of the blob.
    parts jsonb,
    CONSTRAINT job_log_is_archived_after_its_end CHECK (blob_id IS NULL OR ended_at IS NOT NULL),
    CONSTRAINT job_log_archive_is_whole CHECK ((blob_id IS NULL) = (parts IS NULL))
) WITH (fillfactor = 50);

CREATE INDEX job_log_to_archive ON workflows.job_log (ended_at)
WHERE ended_at IS NOT NULL AND blob_id IS NULL;

-- Lines of a log that isn't archived yet.
CREATE TABLE workflows.log_chunk (
    job_id uuid NOT NULL REFERENCES workflows.job_log ON DELETE CASCADE,
    last_line bigint NOT NULL CHECK (last_line > 0),
    lines integer NOT NULL CHECK (lines > 0),
    -- JSON, as the live feed has it.
    content bytea NOT NULL CHECK (octet_length(content) <= 4194304),
    PRIMARY KEY (job_id, last_line)
);

-- Archives whose job is deleted: their blobs are deleted next.
CREATE TABLE workflows.orphaned_log (
    blob_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL
);

CREATE FUNCTION workflows.keep_blob_of_deleted_log() RETURNS trigger AS $$
BEGIN
    INSERT INTO workflows.orphaned_log (blob_id, organisation_id) VALUES (OLD.blob_id, OLD.organisation_id);
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER archived_log_is_deleted AFTER DELETE ON workflows.job_log
FOR EACH ROW
WHEN (OLD.blob_id IS NOT NULL)
EXECUTE FUNCTION workflows.keep_blob_of_deleted_log();

-- What workers have counted: attempts and durations, by minute and by hour, of each subscription and of each
-- organisation. Workers add to these rows every few seconds.
CREATE TABLE webhooks.figure (
    organisation_id uuid NOT NULL,
    -- Zero for the sums over all subscriptions of the organisation.
    subscription_id uuid NOT NULL,
    step_s integer NOT NULL CHECK (step_s IN (60, 3600)),
    starts_at timestamptz NOT NULL,
    succeeded_attempts bigint NOT NULL CHECK (succeeded_attempts >= 0),
    failed_attempts bigint NOT NULL CHECK (failed_attempts >= 0),
    -- How many durations are in each bucket; rules/histograms.py has the bounds.
    attempt_durations integer [] NOT NULL CHECK (cardinality(attempt_durations) = 32),
    delivery_times integer [] NOT NULL CHECK (cardinality(delivery_times) = 32),
    PRIMARY KEY (organisation_id, subscription_id, step_s, starts_at)
) WITH (fillfactor = 50);

-- Finds the rows that are no longer kept. No update changes these columns, so updates don't touch the index.
CREATE INDEX figure_expiring ON webhooks.figure (step_s, starts_at);

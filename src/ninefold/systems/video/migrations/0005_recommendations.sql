-- What was learned from what an organisation's profiles have watched.
CREATE TABLE video.recommendation_model (
    organisation_id uuid PRIMARY KEY,
    trained_at timestamptz NOT NULL,
    -- Which of the two recommends: the model, or popularity and tags.
    kind text NOT NULL CHECK (kind IN ('als', 'popularity')),
    -- Why not the model, for people.
    why text,
    profiles integer NOT NULL,
    titles integer NOT NULL,
    -- How many titles they have begun, all together.
    watches integer NOT NULL,
    factors smallint NOT NULL DEFAULT 0,
    -- Of what was held out, the part that is among the first ten recommendations of the model and of popularity.
    held_out integer NOT NULL DEFAULT 0,
    recall_model double precision,
    recall_popularity double precision,
    -- 16 bytes a title, and 4 bytes a factor of each title; NULL without a model.
    title_ids bytea,
    title_factors bytea,
    CONSTRAINT recommendation_model_why CHECK ((kind = 'popularity') = (why IS NOT NULL)),
    CONSTRAINT recommendation_model_factors CHECK (kind <> 'als' OR (title_ids IS NOT NULL AND title_factors IS NOT NULL))
);

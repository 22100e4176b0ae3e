-- A viewing session, and what its player has told of it. Beacons are added up as they come, in any order, each once.
CREATE TABLE video.play (
    play_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    profile_id uuid REFERENCES video.profile ON DELETE SET NULL,
    device text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL,
    -- The numbers of the beacons that are added up.
    received int4multirange NOT NULL DEFAULT '{}',
    -- Of the latest beacon; NULL before the first one.
    seen_at timestamptz,
    ended_at timestamptz,
    -- From the wish to play to the first picture; NULL until then.
    join_ms integer CHECK (join_ms >= 0),
    played_ms bigint NOT NULL DEFAULT 0 CHECK (played_ms >= 0),
    stalled_ms bigint NOT NULL DEFAULT 0 CHECK (stalled_ms >= 0),
    stalls integer NOT NULL DEFAULT 0,
    switches integer NOT NULL DEFAULT 0,
    errors integer NOT NULL DEFAULT 0,
    -- Errors that ended the playing.
    failures integer NOT NULL DEFAULT 0,
    last_error text
) WITH (fillfactor = 80);

CREATE INDEX play_listed ON video.play (organisation_id, started_at DESC);

CREATE INDEX play_of_title ON video.play (title_id, started_at DESC);

CREATE INDEX play_of_profile ON video.play (profile_id)
WHERE profile_id IS NOT NULL;

CREATE INDEX play_old ON video.play (started_at);

-- What remains of the plays of a day when they are deleted.
CREATE TABLE video.title_day (
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    day date NOT NULL,
    organisation_id uuid NOT NULL,
    plays bigint NOT NULL,
    played_ms bigint NOT NULL,
    stalled_ms bigint NOT NULL,
    switches bigint NOT NULL,
    failures bigint NOT NULL,
    PRIMARY KEY (title_id, day)
);

CREATE INDEX title_day_listed ON video.title_day (organisation_id, day);

-- How long joining took in them: a histogram, which can be added to others.
CREATE TABLE video.join_day (
    title_id uuid NOT NULL,
    day date NOT NULL,
    -- From 1.05 to the power of it, in milliseconds.
    bucket smallint NOT NULL,
    plays bigint NOT NULL,
    PRIMARY KEY (title_id, day, bucket),
    FOREIGN KEY (title_id, day) REFERENCES video.title_day ON DELETE CASCADE
);

CREATE FUNCTION video.join_bucket(join_ms integer) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(ln(greatest(join_ms, 1)::float8) / ln(1.05::float8))::smallint;

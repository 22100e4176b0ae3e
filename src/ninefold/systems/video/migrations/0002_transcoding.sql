-- One quality of a title, or its sound: what a player chooses from.
CREATE TABLE video.rung (
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    -- Such as 360p; the sound is called audio.
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('video', 'audio')),
    -- From 0 for the lowest quality of the picture.
    position smallint NOT NULL CHECK (position >= 0),
    width integer,
    height integer,
    -- Of H.264, that decoders need; NULL for the sound.
    level text,
    -- Bits a second that it may have at most, and that it has had so far.
    bitrate_max integer NOT NULL CHECK (bitrate_max > 0),
    bitrate_mean integer,
    -- As in the manifests, such as avc1.64001e; NULL until its first chunk is encoded.
    codecs text,
    frame_rate double precision,
    -- Ticks a second of its segments' times.
    timescale integer NOT NULL CHECK (timescale > 0),
    -- The initialization segment: a few hundred bytes.
    init bytea,
    -- The mean of the chunks that were compared to their source.
    vmaf double precision CHECK (vmaf BETWEEN 0 AND 100),
    scored_chunks integer NOT NULL DEFAULT 0,
    PRIMARY KEY (title_id, name),
    CONSTRAINT rung_size CHECK ((kind = 'video') = (width IS NOT NULL AND height IS NOT NULL AND level IS NOT NULL)),
    CONSTRAINT rung_init CHECK ((init IS NULL) = (codecs IS NULL))
);

-- A part of the source between two keyframes, which is encoded by itself.
CREATE TABLE video.chunk (
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 0),
    -- In microseconds from the beginning of the title.
    start_us bigint NOT NULL CHECK (start_us >= 0),
    duration_us bigint NOT NULL CHECK (duration_us > 0),
    -- The number of its first segment, where its segments begin, where it ends, and when its pictures are shown: in ticks
    -- of the rungs with a picture, from the beginning of the title.
    first_segment integer NOT NULL CHECK (first_segment >= 0),
    starts bigint[] NOT NULL CHECK (cardinality(starts) > 0),
    end_tick bigint NOT NULL,
    times bigint[] NOT NULL,
    -- Whether its packets begin with pictures of the chunk before it.
    has_leading boolean NOT NULL,
    -- Whether pictures of it are among the packets of the next one.
    needs_next boolean NOT NULL,
    sha256 bytea NOT NULL,
    -- The packets of the source; NULL once all its rungs are encoded.
    blob_id uuid,
    PRIMARY KEY (title_id, number)
);

-- What a player loads: a range of a blob. It never changes.
CREATE TABLE video.segment (
    title_id uuid NOT NULL,
    rung text NOT NULL,
    number integer NOT NULL CHECK (number >= 0),
    chunk_number integer,
    -- In ticks of the rung.
    start bigint NOT NULL CHECK (start >= 0),
    duration bigint NOT NULL CHECK (duration > 0),
    blob_id uuid NOT NULL,
    first_byte integer NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    PRIMARY KEY (title_id, rung, number),
    FOREIGN KEY (title_id, rung) REFERENCES video.rung (title_id, name) ON DELETE CASCADE
);

-- What is to be done for a title: to split it, to encode a chunk for a rung, to make pictures of it, to score a rung.
CREATE TABLE video.task (
    task_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('split', 'encode', 'pictures', 'score')),
    rung text,
    chunk_number integer,
    status text NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'running', 'retrying', 'succeeded', 'failed', 'canceled')),
    -- A smaller one is done earlier, among those of an organisation.
    urgency bigint NOT NULL DEFAULT 0,
    attempt_count smallint NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    error text,
    leased_by uuid,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (title_id, kind, rung, chunk_number),
    CONSTRAINT task_leased CHECK ((leased_by IS NOT NULL) = (status = 'running')),
    CONSTRAINT task_finished CHECK ((finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'canceled'))),
    CONSTRAINT task_of_chunk CHECK ((kind IN ('encode', 'score')) = (rung IS NOT NULL AND chunk_number IS NOT NULL))
);

CREATE INDEX task_due ON video.task (organisation_id, urgency, task_id)
WHERE status IN ('queued', 'retrying');

CREATE INDEX task_of_title ON video.task (title_id, kind, chunk_number);

CREATE INDEX task_leased ON video.task (leased_by)
WHERE leased_by IS NOT NULL;

-- Small pictures of a title for the seek bar, on sheets.
CREATE TABLE video.sprite_sheet (
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 0),
    blob_id uuid NOT NULL,
    start_us bigint NOT NULL,
    -- From the beginning of one picture to that of the next.
    interval_us bigint NOT NULL CHECK (interval_us > 0),
    pictures integer NOT NULL CHECK (pictures > 0),
    columns integer NOT NULL CHECK (columns > 0),
    width integer NOT NULL,
    height integer NOT NULL,
    PRIMARY KEY (title_id, number)
);

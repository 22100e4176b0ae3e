CREATE SCHEMA video;

-- A film, and how far it is. A title is made with its upload.
CREATE TABLE video.title (
    title_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    -- The youngest age that it is for.
    maturity smallint NOT NULL DEFAULT 0 CHECK (maturity IN (0, 6, 12, 16, 18)),
    status text NOT NULL DEFAULT 'uploading'
    CHECK (status IN ('uploading', 'processing', 'ready', 'failed', 'canceled')),
    -- Why it has failed or what is done differently, for people.
    why text,
    -- What the probe has found, as JSON: container, codecs, streams. NULL until then.
    source jsonb,
    -- Whether it can be decoded while it is uploaded; NULL until that is known.
    is_streamable boolean,
    duration_us bigint CHECK (duration_us > 0),
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    poster_blob_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    first_bytes_at timestamptz,
    uploaded_at timestamptz,
    -- When the first segment of picture and sound could be played.
    playable_at timestamptz,
    ended_at timestamptz,
    -- When it was deleted: nobody sees it any more, and a job removes what is left of it.
    deleted_at timestamptz,
    CONSTRAINT title_deleted CHECK (deleted_at IS NULL OR ended_at IS NOT NULL),
    CONSTRAINT title_ended CHECK ((ended_at IS NOT NULL) = (status IN ('ready', 'failed', 'canceled'))),
    CONSTRAINT title_ready_is_playable CHECK (status <> 'ready' OR (playable_at IS NOT NULL AND uploaded_at IS NOT NULL)),
    CONSTRAINT title_uploaded CHECK (status <> 'processing' OR uploaded_at IS NOT NULL),
    CONSTRAINT title_failed_says_why CHECK (status <> 'failed' OR why IS NOT NULL)
);

CREATE INDEX title_listed ON video.title (organisation_id, title_id)
WHERE deleted_at IS NULL;

CREATE INDEX title_ended ON video.title (ended_at)
WHERE ended_at IS NOT NULL;

-- A resumable upload. Its offset is what was committed; the contents are in parts.
CREATE TABLE video.upload (
    upload_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    title_id uuid NOT NULL UNIQUE REFERENCES video.title ON DELETE CASCADE,
    length bigint NOT NULL CHECK (length > 0),
    last_offset bigint NOT NULL DEFAULT 0,
    metadata text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    completed_at timestamptz,
    -- When it was terminated or had expired: no more bytes are taken.
    closed_at timestamptz,
    -- Which request may append, and when it has last shown that it is there. A HEAD takes that away from it.
    writer_id uuid,
    writer_seen_at timestamptz,
    CONSTRAINT upload_writer CHECK ((writer_id IS NULL) = (writer_seen_at IS NULL)),
    CONSTRAINT upload_closed CHECK (closed_at IS NULL OR completed_at IS NULL),
    CONSTRAINT upload_offset CHECK (last_offset BETWEEN 0 AND length),
    CONSTRAINT upload_completed CHECK ((completed_at IS NOT NULL) = (last_offset = length))
);

CREATE INDEX upload_expiring ON video.upload (expires_at)
WHERE completed_at IS NULL AND closed_at IS NULL;

-- The bytes of an upload, in the order in which they came. Each part is a blob.
CREATE TABLE video.source_part (
    upload_id uuid NOT NULL REFERENCES video.upload ON DELETE CASCADE,
    first_byte bigint NOT NULL CHECK (first_byte >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    blob_id uuid NOT NULL,
    PRIMARY KEY (upload_id, first_byte)
);

-- Text for a language, as WebVTT.
CREATE TABLE video.subtitle (
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    language text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    label text NOT NULL,
    webvtt text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (title_id, language)
);

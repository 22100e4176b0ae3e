-- A file that a member has uploaded. Its contents are a blob.
CREATE TABLE messaging.file (
    file_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES messaging.workspace,
    slack_id text NOT NULL UNIQUE CHECK (slack_id ~ '^F[0-9A-Z]{10}$'),
    -- Who has uploaded it.
    member_id uuid NOT NULL REFERENCES messaging.member,
    name text NOT NULL CHECK (char_length(name) <= 255),
    title text NOT NULL CHECK (char_length(title) <= 255),
    media_type text NOT NULL CHECK (char_length(media_type) <= 255),
    -- Without a blob: how large the upload may be.
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    -- Of images, in pixels.
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    -- Empty until it is uploaded, and after it was deleted.
    blob_id uuid UNIQUE,
    -- The digest of the key in the URL to which Slack's clients upload.
    upload_digest bytea UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When it was first shared, or its upload completed by Slack's API. Without it, it is deleted after a while.
    kept_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT file_image_has_both_sides CHECK ((width IS NULL) = (height IS NULL)),
    CONSTRAINT file_kept_is_uploaded CHECK (kept_at IS NULL OR blob_id IS NOT NULL OR deleted_at IS NOT NULL),
    CONSTRAINT file_deleted_is_blank CHECK (
        deleted_at IS NULL OR (name = '' AND title = '' AND blob_id IS NULL AND upload_digest IS NULL)
    )
);

CREATE INDEX file_listed ON messaging.file (organisation_id, file_id)
WHERE deleted_at IS NULL;

CREATE INDEX file_unused ON messaging.file (created_at)
WHERE kept_at IS NULL;

ALTER TABLE messaging.message
ADD COLUMN file_ids uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(file_ids) <= 10),
ADD CONSTRAINT message_deleted_has_no_files CHECK (deleted_at IS NULL OR file_ids = '{}');

-- In which messages a file is.
CREATE TABLE messaging.file_share (
    file_id uuid NOT NULL REFERENCES messaging.file,
    channel_id uuid NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (file_id, channel_id, sequence),
    FOREIGN KEY (channel_id, sequence) REFERENCES messaging.message ON DELETE CASCADE
);

CREATE INDEX file_share_of_message ON messaging.file_share (channel_id, sequence);

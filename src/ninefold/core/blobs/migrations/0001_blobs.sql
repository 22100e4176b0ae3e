CREATE SCHEMA blobs;

-- What an organisation's blobs take, including those that are being uploaded or removed.
CREATE TABLE blobs.usage (
    organisation_id uuid PRIMARY KEY,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    blob_count bigint NOT NULL CHECK (blob_count >= 0)
-- It changes with each blob, so there is room for new versions of a row.
) WITH (fillfactor = 50);

-- One row per blob, from before its first byte is written until after its last one is gone.
CREATE TABLE blobs.blob (
    blob_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    -- Whose rows name it, such as `messaging.file`.
    owner text NOT NULL CHECK (length(owner) BETWEEN 1 AND 100),
    content_type text NOT NULL CHECK (length(content_type) BETWEEN 1 AND 200),
    -- `pending`: no row names it yet. `stored`: one does. `deleted`: none will any more, and it is removed soon.
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stored', 'deleted')),
    -- Until it is uploaded, the most that it can have.
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    sha256 bytea CHECK (octet_length(sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    uploaded_at timestamptz,
    stored_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT blob_uploaded_with_its_digest CHECK ((uploaded_at IS NULL) = (sha256 IS NULL)),
    CONSTRAINT blob_stored_after_its_upload CHECK (stored_at IS NULL OR uploaded_at IS NOT NULL),
    CONSTRAINT blob_not_stored_while_pending CHECK (state <> 'pending' OR stored_at IS NULL),
    CONSTRAINT blob_stored_with_its_time CHECK (state <> 'stored' OR stored_at IS NOT NULL),
    CONSTRAINT blob_deleted_with_its_time CHECK ((state = 'deleted') = (deleted_at IS NOT NULL))
);

CREATE INDEX blob_pending ON blobs.blob (created_at)
WHERE state = 'pending';

CREATE INDEX blob_deleted ON blobs.blob (deleted_at)
WHERE state = 'deleted';

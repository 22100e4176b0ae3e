-- name: file_delete_unused
-- Delete files that were never shared, of a batch; returns their blobs.
DELETE FROM messaging.file
WHERE file_id IN (
    SELECT file_id
    FROM messaging.file
    WHERE kept_at IS NULL AND created_at < :before
    ORDER BY created_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
RETURNING organisation_id, blob_id;

-- name: file_find^
-- Read one file of an organisation that wasn't deleted.
SELECT *
FROM messaging.file
WHERE file_id = :file_id AND organisation_id = :organisation_id AND deleted_at IS NULL;

-- name: file_find_by_slack_id^
-- Read the file with an id of Slack's API that wasn't deleted.
SELECT *
FROM messaging.file
WHERE slack_id = :slack_id AND organisation_id = :organisation_id AND deleted_at IS NULL;

-- name: file_find_by_upload^
-- Read the file whose contents are expected at a URL.
SELECT *
FROM messaging.file
WHERE upload_digest = :upload_digest AND blob_id IS NULL;

-- name: file_insert^
-- Insert a file, which has its blob already or waits for its upload.
INSERT INTO messaging.file (
    file_id,
    organisation_id,
    slack_id,
    member_id,
    name,
    title,
    media_type,
    size_bytes,
    width,
    height,
    blob_id,
    upload_digest
)
VALUES (
    :file_id,
    :organisation_id,
    :slack_id,
    :member_id,
    :name,
    :title,
    :media_type,
    :size_bytes,
    :width,
    :height,
    :blob_id,
    :upload_digest
)
RETURNING *;

-- name: file_list
-- Read a page of the files that a member can read, latest first; without a member, all of an organisation.
SELECT *
FROM messaging.file
WHERE file.organisation_id = :organisation_id
    AND file.deleted_at IS NULL
    AND file.blob_id IS NOT NULL
    AND (:before::uuid IS NULL OR file.file_id < :before)
    AND (:owner_id::uuid IS NULL OR file.member_id = :owner_id)
    AND (
        :channel_id::uuid IS NULL
        OR EXISTS (
            SELECT 1
            FROM messaging.file_share
            WHERE file_share.file_id = file.file_id AND file_share.channel_id = :channel_id
        )
    )
    AND (
        :member_id::uuid IS NULL
        OR file.member_id = :member_id
        OR EXISTS (
            SELECT 1
            FROM messaging.file_share
            INNER JOIN messaging.channel USING (channel_id)
            LEFT JOIN messaging.membership
                ON membership.channel_id = channel.channel_id
                AND membership.member_id = :member_id
                AND membership.left_at IS NULL
            WHERE file_share.file_id = file.file_id
                AND (channel.kind = 'public' OR membership.member_id IS NOT NULL)
        )
    )
ORDER BY file.file_id DESC
LIMIT :limit;

-- name: file_list_by_ids
-- Read several files, also deleted ones.
SELECT *
FROM messaging.file
WHERE file_id = ANY(:file_ids::uuid[]);

-- name: file_lock
-- Read several files of an organisation in the order of their ids, and keep others from changing them.
SELECT *
FROM messaging.file
WHERE file_id = ANY(:file_ids::uuid[]) AND organisation_id = :organisation_id
ORDER BY file_id
FOR UPDATE;

-- name: file_update_deleted!
-- Blank a file.
UPDATE messaging.file
SET
    name = '',
    title = '',
    blob_id = NULL,
    upload_digest = NULL,
    deleted_at = :deleted_at
WHERE file_id = :file_id;

-- name: file_update_kept!
-- Write that files are used.
UPDATE messaging.file
SET kept_at = :kept_at
WHERE file_id = ANY(:file_ids::uuid[]) AND kept_at IS NULL;

-- name: file_update_title!
-- Write the title of a file.
UPDATE messaging.file
SET title = :title
WHERE file_id = :file_id;

-- name: file_update_uploaded^
-- Write what was uploaded of a file that waits for it; returns no row when it was uploaded before, or isn't there.
UPDATE messaging.file
SET
    blob_id = :blob_id,
    media_type = :media_type,
    size_bytes = :size_bytes,
    width = :width,
    height = :height,
    upload_digest = NULL
WHERE file_id = :file_id AND blob_id IS NULL AND upload_digest IS NOT NULL
RETURNING *;

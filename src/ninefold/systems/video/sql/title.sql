-- name: title_add_facts^
-- Write what was found in the source of a title that hasn't ended; what isn't known stays as it is.
UPDATE video.title
SET
    source = :source::text::jsonb,
    is_streamable = coalesce(:is_streamable, is_streamable),
    duration_us = coalesce(:duration_us, duration_us),
    width = coalesce(:width, width),
    height = coalesce(:height, height)
WHERE title_id = :title_id AND ended_at IS NULL
RETURNING *;

-- name: title_change^
-- Write what people say about a title.
UPDATE video.title
SET
    name = coalesce(:name, name),
    description = coalesce(:description, description),
    tags = coalesce(:tags, tags),
    maturity = coalesce(:maturity, maturity)
WHERE title_id = :title_id AND organisation_id = :organisation_id AND deleted_at IS NULL
RETURNING *;

-- name: title_end^
-- End a title that hasn't ended.
UPDATE video.title
SET
    status = :status,
    why = coalesce(:why, why),
    warnings = :warnings,
    ended_at = :at
WHERE title_id = :title_id AND ended_at IS NULL
RETURNING *;

-- name: title_find^
-- Read one title of an organisation.
SELECT *
FROM video.title
WHERE title_id = :title_id AND organisation_id = :organisation_id AND deleted_at IS NULL;

-- name: title_insert^
-- Insert a title whose upload begins.
INSERT INTO video.title (title_id, organisation_id, name, description, tags, maturity)
VALUES (:title_id, :organisation_id, :name, :description, :tags, :maturity)
RETURNING *;

-- name: title_list
-- Read a page of the titles of an organisation, latest first.
SELECT *
FROM video.title
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL
    AND (:before::uuid IS NULL OR title_id < :before)
    AND (:status::text IS NULL OR status = :status)
    AND (:words::text IS NULL OR strpos(lower(name), lower(:words)) > 0)
ORDER BY title_id DESC
LIMIT :limit;

-- name: title_lock^
-- Read a title, and keep others from changing it.
SELECT *
FROM video.title
WHERE title_id = :title_id
FOR UPDATE;

-- name: title_mark_deleted!
-- Hide a title that has ended, until a job has removed it.
UPDATE video.title
SET deleted_at = :at
WHERE title_id = :title_id AND deleted_at IS NULL;

-- name: title_mark_first_bytes^
-- Write when the first bytes of a title came.
UPDATE video.title
SET first_bytes_at = :at
WHERE title_id = :title_id AND first_bytes_at IS NULL
RETURNING *;

-- name: title_mark_playable^
-- Write when a title could first be played.
UPDATE video.title
SET playable_at = :at
WHERE title_id = :title_id AND ended_at IS NULL AND playable_at IS NULL
RETURNING *;

-- name: title_mark_uploaded^
-- Write that a title's upload is complete.
UPDATE video.title
SET status = 'processing', uploaded_at = :at
WHERE title_id = :title_id AND status = 'uploading'
RETURNING *;

-- name: title_reopen^
-- Let a failed title go on.
UPDATE video.title
SET
    status = CASE WHEN uploaded_at IS NULL THEN 'uploading' ELSE 'processing' END,
    why = NULL,
    ended_at = NULL
WHERE title_id = :title_id AND status = 'failed'
RETURNING *;

-- name: title_set_poster^
-- Write a title's picture.
UPDATE video.title
SET poster_blob_id = :poster_blob_id
WHERE title_id = :title_id AND ended_at IS NULL
RETURNING *;

-- name: title_set_why^
-- Write what people should know about a title that goes on.
UPDATE video.title
SET why = :why
WHERE title_id = :title_id AND ended_at IS NULL
RETURNING *;

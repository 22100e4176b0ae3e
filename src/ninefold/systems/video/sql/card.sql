-- name: card_list
-- Read titles as lists for viewers show them, in any order; without those that the profile may not see.
SELECT
    title.title_id,
    title.name,
    title.tags,
    title.maturity,
    title.duration_us,
    title.poster_blob_id IS NOT NULL AS has_poster,
    title.playable_at,
    list_entry.title_id IS NOT NULL AS is_listed,
    position.position_ms,
    position.watched_at,
    position.device,
    position.is_finished,
    position.finished_at
FROM video.title
LEFT JOIN video.position ON position.title_id = title.title_id AND position.profile_id = :profile_id
LEFT JOIN video.list_entry ON list_entry.title_id = title.title_id AND list_entry.profile_id = :profile_id
WHERE title.title_id = ANY(:title_ids::uuid[])
    AND title.organisation_id = :organisation_id
    AND title.maturity <= :maturity_max
    AND title.playable_at IS NOT NULL
    AND title.status IN ('uploading', 'processing', 'ready')
    AND title.deleted_at IS NULL;

-- name: card_list_favourite_tags
-- Read the tags that a profile has watched most lately, most first.
SELECT tag
FROM (
    SELECT title_id
    FROM video.position
    WHERE profile_id = :profile_id
    ORDER BY watched_at DESC
    LIMIT 50
) AS watched
INNER JOIN video.title USING (title_id)
CROSS JOIN LATERAL unnest(title.tags) AS tag
GROUP BY tag
ORDER BY count(*) DESC, tag
LIMIT :limit;

-- name: card_list_ids_listed
-- Read what a profile has on its list, latest first.
SELECT title_id
FROM video.list_entry
WHERE profile_id = :profile_id
ORDER BY added_at DESC, title_id
LIMIT :limit;

-- name: card_list_ids_new
-- Read the latest playable titles, for viewers of an age.
SELECT title_id
FROM video.title
WHERE organisation_id = :organisation_id
    AND maturity <= :maturity_max
    AND playable_at IS NOT NULL
    AND status IN ('uploading', 'processing', 'ready')
    AND deleted_at IS NULL
ORDER BY playable_at DESC
LIMIT :limit;

-- name: card_list_ids_similar
-- Read the titles that share most tags with a title, for viewers of an age.
SELECT other.title_id
FROM video.title AS other
WHERE other.organisation_id = :organisation_id
    AND other.tags && :tags::text[]
    AND other.title_id <> :title_id
    AND other.maturity <= :maturity_max
    AND other.playable_at IS NOT NULL
    AND other.status IN ('uploading', 'processing', 'ready')
    AND other.deleted_at IS NULL
ORDER BY
    (SELECT count(*) FROM unnest(other.tags) AS tag WHERE tag = ANY(:tags::text[])) DESC,
    other.playable_at DESC
LIMIT :limit;

-- name: card_list_ids_tagged
-- Read the latest playable titles with a tag, for viewers of an age.
SELECT title_id
FROM video.title
WHERE organisation_id = :organisation_id
    AND tags @> ARRAY[:tag::text]
    AND maturity <= :maturity_max
    AND playable_at IS NOT NULL
    AND status IN ('uploading', 'processing', 'ready')
    AND deleted_at IS NULL
ORDER BY playable_at DESC
LIMIT :limit;

-- name: card_list_ids_watched
-- Read what a profile has watched, latest first.
SELECT title_id
FROM video.position
WHERE profile_id = :profile_id
ORDER BY watched_at DESC
LIMIT :limit;

-- name: card_list_status$
-- Read the status of a title, whether or not it can be played.
SELECT status
FROM video.title
WHERE title_id = :title_id AND organisation_id = :organisation_id AND deleted_at IS NULL;

-- name: card_list_tags
-- Read the tags that most of the latest titles have, most first.
SELECT tag
FROM (
    SELECT tags
    FROM video.title
    WHERE organisation_id = :organisation_id
        AND maturity <= :maturity_max
        AND playable_at IS NOT NULL
        AND status IN ('uploading', 'processing', 'ready')
        AND deleted_at IS NULL
    ORDER BY playable_at DESC
    LIMIT 500
) AS latest
CROSS JOIN LATERAL unnest(latest.tags) AS tag
GROUP BY tag
ORDER BY count(*) DESC, tag
LIMIT :limit;

-- name: watch_list
-- Read a page of what the profiles of an organisation have watched, by profile and title.
SELECT
    position.profile_id,
    position.title_id,
    position.watched_at,
    CASE
        WHEN position.finished_at IS NOT NULL THEN 1.0
        WHEN title.duration_us IS NULL THEN 0.2
        ELSE least(position.position_ms * 1000.0 / title.duration_us, 1.0)
    END::float8 AS weight
FROM video.profile
INNER JOIN video.position USING (profile_id)
INNER JOIN video.title USING (title_id)
WHERE profile.organisation_id = :organisation_id
    AND (position.profile_id, position.title_id) > (:after_profile_id::uuid, :after_title_id::uuid)
    AND title.deleted_at IS NULL
ORDER BY position.profile_id, position.title_id
LIMIT :limit;

-- name: watch_list_of_profile
-- Read what a profile has watched, latest first.
SELECT
    position.title_id,
    position.finished_at IS NOT NULL AS is_finished,
    CASE
        WHEN position.finished_at IS NOT NULL THEN 1.0
        WHEN title.duration_us IS NULL THEN 0.2
        ELSE least(position.position_ms * 1000.0 / title.duration_us, 1.0)
    END::float8 AS weight
FROM video.position
INNER JOIN video.title USING (title_id)
WHERE position.profile_id = :profile_id
ORDER BY position.watched_at DESC
LIMIT :limit;

-- name: watch_list_organisations
-- Read a page of the organisations that have profiles.
SELECT DISTINCT organisation_id
FROM video.profile
WHERE organisation_id > :after
ORDER BY organisation_id
LIMIT :limit;

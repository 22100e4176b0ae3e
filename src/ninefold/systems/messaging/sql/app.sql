-- name: app_find^
-- Read one app of an organisation.
SELECT *
FROM messaging.app
WHERE app_id = :app_id AND organisation_id = :organisation_id;

-- name: app_insert^
-- Insert an app; returns no row when the organisation has one of this name.
INSERT INTO messaging.app (app_id, organisation_id, slack_id, name, signing_secret)
VALUES (:app_id, :organisation_id, :slack_id, :name, :signing_secret)
ON CONFLICT (organisation_id, name) DO NOTHING
RETURNING *;

-- name: app_list
-- Read a page of the apps of an organisation, oldest first.
SELECT *
FROM messaging.app
WHERE organisation_id = :organisation_id
    AND (:after::uuid IS NULL OR app_id > :after)
ORDER BY app_id
LIMIT :limit;

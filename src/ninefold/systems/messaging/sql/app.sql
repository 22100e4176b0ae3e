-- name: app_find^
-- Read one app of an organisation.
SELECT *
FROM messaging.app
WHERE app_id = :app_id AND organisation_id = :organisation_id;

-- name: app_find_any^
-- Read one app of any organisation.
SELECT *
FROM messaging.app
WHERE app_id = :app_id;

-- name: app_insert^
-- Insert an app; returns no row when the organisation has one of this name.
INSERT INTO messaging.app (app_id, organisation_id, slack_id, name, sealed, scopes)
VALUES (:app_id, :organisation_id, :slack_id, :name, :sealed, :scopes)
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

-- name: app_list_listening
-- Read the apps of an organisation that are told what happens, with their bots, and whether these are in a channel.
SELECT
    app.app_id,
    app.event_types,
    app.scopes,
    CASE WHEN app.request_url IS NULL THEN 'socket' ELSE 'http' END AS transport,
    bot.member_id AS bot_id,
    bot.slack_id AS bot_slack_id,
    EXISTS (
        SELECT 1
        FROM messaging.membership
        WHERE membership.channel_id = :channel_id
            AND membership.member_id = bot.member_id
            AND membership.left_at IS NULL
    ) AS is_in_channel
FROM messaging.app
INNER JOIN messaging.member AS bot USING (app_id)
WHERE app.organisation_id = :organisation_id
    AND NOT bot.is_deactivated
    AND (
        (app.request_url IS NULL AND app.listens_until > now())
        OR app.request_url_verified_at IS NOT NULL
    )
ORDER BY app.app_id;

-- name: app_set_signing_secret!
-- Replace the signing secret of an app.
UPDATE messaging.app
SET
    signing_secret = NULL,
    sealed = :sealed
WHERE app_id = :app_id;

-- name: app_update^
-- Change how an app is told what happens.
UPDATE messaging.app
SET
    request_url = :request_url,
    request_url_verified_at = :request_url_verified_at,
    request_url_error = :request_url_error,
    base_url = :base_url,
    event_types = :event_types
WHERE app_id = :app_id
RETURNING *;

-- name: app_update_verified!
-- Write whether the request URL of an app has answered the challenge, unless it was changed in the meantime.
UPDATE messaging.app
SET
    request_url_verified_at = CASE WHEN :error::text IS NULL THEN now() END,
    request_url_error = :error
WHERE app_id = :app_id AND request_url = :request_url;

-- name: view_delete_closed!
-- Forget modals that were closed some time ago.
DELETE FROM messaging.view
WHERE view_id IN (
    SELECT view_id
    FROM messaging.view
    WHERE closed_at < now() - :age::interval
    LIMIT :limit
);

-- name: view_find^
-- Read a view of an organisation.
SELECT *
FROM messaging.view
WHERE view_id = :view_id AND organisation_id = :organisation_id;

-- name: view_find_by_external_id^
-- Read the open view to which an app has given an id of its own.
SELECT *
FROM messaging.view
WHERE app_id = :app_id
    AND external_id = :external_id
    AND closed_at IS NULL;

-- name: view_find_by_slack_id^
-- Read the view of an app with an id of Slack's API.
SELECT *
FROM messaging.view
WHERE app_id = :app_id AND slack_id = :slack_id;

-- name: view_find_home^
-- Read the home tab of an app for a member.
SELECT *
FROM messaging.view
WHERE app_id = :app_id
    AND member_id = :member_id
    AND kind = 'home';

-- name: view_insert^
-- Insert a view; returns no row when the app has an open one with this id of its own, or a home tab for the member.
INSERT INTO messaging.view (
    view_id,
    slack_id,
    organisation_id,
    app_id,
    member_id,
    kind,
    content,
    hash,
    external_id,
    root_view_id,
    previous_view_id
)
VALUES (
    :view_id,
    :slack_id,
    :organisation_id,
    :app_id,
    :member_id,
    :kind,
    :content::text::jsonb,
    :hash,
    :external_id,
    :root_view_id,
    :previous_view_id
)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: view_list_open
-- Read the modals that an app shows to a member, or all apps do, the one on top first.
SELECT *
FROM messaging.view
WHERE member_id = :member_id
    AND (:app_id::uuid IS NULL OR app_id = :app_id)
    AND kind = 'modal'
    AND closed_at IS NULL
ORDER BY view_id DESC
LIMIT :limit;

-- name: view_lock^
-- Read a view, and keep others from changing it until the transaction ends.
SELECT *
FROM messaging.view
WHERE view_id = :view_id
FOR UPDATE;

-- name: view_update^
-- Write what a view shows, what was entered, and whether it is closed.
UPDATE messaging.view
SET
    content = :content::text::jsonb,
    input = :input::text::jsonb,
    errors = :errors::text::jsonb,
    hash = :hash,
    external_id = :external_id,
    updated_at = now(),
    closed_at = :closed_at
WHERE view_id = :view_id
RETURNING *;

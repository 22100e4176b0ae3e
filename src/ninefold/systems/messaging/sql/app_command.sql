-- name: app_command_delete!
-- Remove the slash commands of an app.
DELETE FROM messaging.app_command
WHERE app_id = :app_id;

-- name: app_command_find^
-- Read which app has a slash command.
SELECT *
FROM messaging.app_command
WHERE organisation_id = :organisation_id AND command = :command;

-- name: app_command_insert^
-- Insert a slash command; returns no row when an app of the organisation has it.
INSERT INTO messaging.app_command (organisation_id, command, app_id)
VALUES (:organisation_id, :command, :app_id)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: app_command_list
-- Read the slash commands of an organisation, or of one app.
SELECT *
FROM messaging.app_command
WHERE organisation_id = :organisation_id
    AND (:app_id::uuid IS NULL OR app_id = :app_id)
ORDER BY command
LIMIT :limit;

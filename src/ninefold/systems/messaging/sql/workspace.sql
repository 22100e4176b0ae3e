-- name: workspace_find^
-- Read the workspace of an organisation.
SELECT *
FROM messaging.workspace
WHERE organisation_id = :organisation_id;

-- name: workspace_insert^
-- Insert the workspace of an organisation; returns no row when it has one.
INSERT INTO messaging.workspace (organisation_id, slack_id)
VALUES (:organisation_id, :slack_id)
ON CONFLICT (organisation_id) DO NOTHING
RETURNING *;

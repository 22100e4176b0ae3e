-- name: incoming_webhook_find^
-- Read the webhook of an address, also one that was revoked.
SELECT incoming_webhook.*
FROM messaging.incoming_webhook
INNER JOIN messaging.workspace USING (organisation_id)
WHERE incoming_webhook.slack_id = :slack_id AND workspace.slack_id = :team_id;

-- name: incoming_webhook_insert!
-- Insert a webhook.
INSERT INTO messaging.incoming_webhook (webhook_id, slack_id, organisation_id, app_id, channel_id, digest)
VALUES (:webhook_id, :slack_id, :organisation_id, :app_id, :channel_id, :digest);

-- name: incoming_webhook_list
-- Read the webhooks of an app, without those that were revoked.
SELECT *
FROM messaging.incoming_webhook
WHERE app_id = :app_id AND revoked_at IS NULL
ORDER BY webhook_id
LIMIT :limit;

-- name: incoming_webhook_revoke^
-- Write that a webhook is revoked; returns no row when the app doesn't have it.
UPDATE messaging.incoming_webhook
SET revoked_at = now()
WHERE webhook_id = :webhook_id
    AND app_id = :app_id
    AND revoked_at IS NULL
RETURNING *;

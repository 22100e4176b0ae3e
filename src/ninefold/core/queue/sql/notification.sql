-- name: notification_send!
-- Notify the listeners of these channels, with a payload each.
SELECT pg_notify(channel, payload)
FROM unnest(:channels::text[], :payloads::text[]) AS notification (channel, payload);

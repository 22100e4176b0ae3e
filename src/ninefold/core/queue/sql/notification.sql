-- name: notification_send!
-- Notify the listeners of these channels, with a payload each.
SELECT pg_notify(channel, payload)
FROM unnest(:channels::text[], :payloads::text[]) AS notification (channel, payload);

-- name: notification_send_unflushed!
-- Notify the same way, without waiting for the disk. It must be a transaction of its own, which this setting is for.
WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', TRUE))

SELECT pg_notify(notification.channel, notification.payload)
FROM unflushed
CROSS JOIN unnest(:channels::text[], :payloads::text[]) AS notification (channel, payload);

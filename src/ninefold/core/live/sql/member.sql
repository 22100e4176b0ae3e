-- name: member_delete
-- Delete clients that have left these channels; returns the channels that have changed.
DELETE FROM live.member
USING unnest(:channels::text[], :client_ids::uuid[]) AS gone (channel, client_id)
WHERE member.channel = gone.channel
    AND member.client_id = gone.client_id
RETURNING member.channel;

-- name: member_insert!
-- Add clients that have joined channels.
INSERT INTO live.member (channel, client_id, server_id, user_id)
SELECT channel, client_id, :server_id, user_id
FROM unnest(:channels::text[], :client_ids::uuid[], :user_ids::text[]) AS joined (channel, client_id, user_id)
ON CONFLICT DO NOTHING;

-- name: member_list
-- List the clients in these channels, oldest first, up to a limit for each channel.
SELECT member.channel, member.client_id, member.user_id
FROM unnest(:channels::text[]) AS given (channel)
CROSS JOIN LATERAL (
    SELECT channel, client_id, user_id
    FROM live.member
    WHERE member.channel = given.channel
    ORDER BY client_id
    LIMIT :limit
) AS member;

-- name: channel_append!
-- Append an entry to the log of a channel that is locked.
WITH appended AS (
    UPDATE messaging.channel
    SET last_sequence = :sequence
    WHERE channel_id = :channel_id
)
INSERT INTO messaging.event (channel_id, sequence, type, at, member_id, message_sequence, payload)
VALUES (:channel_id, :sequence, :type, :at, :member_id, :message_sequence, :payload::text::jsonb);

-- name: channel_find^
-- Read one channel of an organisation.
SELECT *
FROM messaging.channel
WHERE channel_id = :channel_id AND organisation_id = :organisation_id;

-- name: channel_find_by_direct_key^
-- Read the conversation of certain members.
SELECT *
FROM messaging.channel
WHERE organisation_id = :organisation_id AND direct_key = :direct_key;

-- name: channel_find_by_name^
-- Read the channel of a name.
SELECT *
FROM messaging.channel
WHERE organisation_id = :organisation_id AND name = :name;

-- name: channel_find_by_slack_id^
-- Read the channel with an id of Slack's API.
SELECT *
FROM messaging.channel
WHERE organisation_id = :organisation_id AND slack_id = :slack_id;

-- name: channel_find_general^
-- Read the channel that everybody is in.
SELECT *
FROM messaging.channel
WHERE organisation_id = :organisation_id AND is_general;

-- name: channel_insert^
-- Insert a channel; returns no row when the organisation has one of this name or with these members.
INSERT INTO messaging.channel (
    channel_id,
    organisation_id,
    slack_id,
    kind,
    name,
    topic,
    purpose,
    is_general,
    direct_key,
    creator_id
)
VALUES (
    :channel_id,
    :organisation_id,
    :slack_id,
    :kind,
    :name,
    :topic,
    :purpose,
    :is_general,
    :direct_key,
    :creator_id
)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: channel_list
-- Read a page of the channels of an organisation, oldest first; with a member, those that it is in or can join.
SELECT *
FROM messaging.channel
WHERE organisation_id = :organisation_id
    AND (:after::uuid IS NULL OR channel_id > :after)
    AND (:kinds::text[] IS NULL OR kind = ANY(:kinds::text[]))
    AND (:has_archived::boolean OR archived_at IS NULL)
    AND (
        :member_id::uuid IS NULL
        OR (kind = 'public' AND NOT :is_in::boolean)
        OR EXISTS (
            SELECT 1
            FROM messaging.membership
            WHERE membership.channel_id = channel.channel_id
                AND membership.member_id = :member_id
                AND membership.left_at IS NULL
        )
    )
ORDER BY channel_id
LIMIT :limit;

-- name: channel_list_by_ids
-- Read several channels of an organisation.
SELECT *
FROM messaging.channel
WHERE organisation_id = :organisation_id AND channel_id = ANY(:channel_ids::uuid[]);

-- name: channel_list_positions
-- Read the last sequences of several logs.
SELECT
    channel_id,
    last_sequence
FROM messaging.channel
WHERE channel_id = ANY(:channel_ids::uuid[]);

-- name: channel_lock^
-- Read one channel, and keep others from changing it until the transaction ends; also whether an app is told of it.
SELECT
    channel.*,
    EXISTS (
        SELECT 1
        FROM messaging.app
        WHERE app.organisation_id = :organisation_id
            AND (app.request_url_verified_at IS NOT NULL OR app.listens_until > now())
    ) AS has_apps
FROM messaging.channel
WHERE channel_id = :channel_id AND organisation_id = :organisation_id
FOR UPDATE;

-- name: channel_update^
-- Change a channel that is locked.
UPDATE messaging.channel
SET
    name = :name,
    topic = :topic,
    purpose = :purpose,
    archived_at = :archived_at
WHERE channel_id = :channel_id
RETURNING *;

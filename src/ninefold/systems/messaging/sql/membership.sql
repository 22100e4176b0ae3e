-- name: membership_count$
-- Count the members of a channel.
SELECT count(*)
FROM messaging.membership
WHERE channel_id = :channel_id AND left_at IS NULL;

-- name: membership_count_of_all
-- Count the members of several channels; those without members are missing.
SELECT
    channel_id,
    count(*) AS members
FROM messaging.membership
WHERE channel_id = ANY(:channel_ids::uuid[]) AND left_at IS NULL
GROUP BY channel_id;

-- name: membership_find^
-- Read how a member is in a channel; no row if it isn't.
SELECT *
FROM messaging.membership
WHERE channel_id = :channel_id AND member_id = :member_id AND left_at IS NULL;

-- name: membership_list_current
-- Read how a member is in its channels, with the last sequences of their logs.
SELECT
    membership.*,
    channel.last_sequence
FROM messaging.membership
INNER JOIN messaging.channel USING (channel_id)
WHERE membership.member_id = :member_id AND membership.left_at IS NULL;

-- name: membership_list_ids
-- Read the ids of the members of a channel; with a time, only of those who were seen since and aren't away.
SELECT membership.member_id
FROM messaging.membership
INNER JOIN messaging.member USING (member_id)
WHERE membership.channel_id = :channel_id
    AND membership.left_at IS NULL
    AND NOT member.is_deactivated
    AND (:active_since::timestamptz IS NULL OR (member.seen_at >= :active_since AND member.presence = 'auto'));

-- name: membership_list_of_member
-- Read how a member is in several channels; those that it isn't in are missing.
SELECT *
FROM messaging.membership
WHERE member_id = :member_id
    AND channel_id = ANY(:channel_ids::uuid[])
    AND left_at IS NULL;

-- name: membership_list_readers
-- Read who has read a message: without its author, and without who has joined after it, who begins with all of it read.
SELECT member_id
FROM messaging.membership
WHERE channel_id = :channel_id
    AND left_at IS NULL
    AND joined_sequence < :sequence
    AND read_sequence >= :sequence
    AND member_id <> :author_id
ORDER BY member_id
LIMIT :limit;

-- name: membership_list_unread
-- Count what a member hasn't read in its channels, up to a limit for each.
SELECT
    membership.channel_id,
    channel.last_sequence,
    membership.read_sequence,
    membership.is_muted,
    unread.messages,
    mentioned.messages AS mentions
FROM messaging.membership
INNER JOIN messaging.channel USING (channel_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS messages
    FROM (
        SELECT
        FROM messaging.message
        WHERE message.channel_id = membership.channel_id
            AND message.sequence > membership.read_sequence
            AND message.deleted_at IS NULL
            AND (message.thread_sequence IS NULL OR message.is_broadcast)
            AND message.member_id <> membership.member_id
        LIMIT :limit
    ) AS counted
) AS unread
CROSS JOIN LATERAL (
    SELECT count(*) AS messages
    FROM (
        SELECT
        FROM messaging.mention
        WHERE mention.member_id = membership.member_id
            AND mention.channel_id = membership.channel_id
            AND mention.sequence > membership.read_sequence
        LIMIT :limit
    ) AS counted
) AS mentioned
WHERE membership.member_id = :member_id
    AND membership.left_at IS NULL
    AND (:channel_id::uuid IS NULL OR membership.channel_id = :channel_id)
ORDER BY membership.channel_id;

-- name: membership_update_left!
-- Write that a member has left a channel.
UPDATE messaging.membership
SET left_at = :left_at
WHERE channel_id = :channel_id AND member_id = :member_id;

-- name: membership_update_muted^
-- Write whether a member has muted a channel; returns no row when it isn't in the channel.
UPDATE messaging.membership
SET is_muted = :is_muted
WHERE channel_id = :channel_id AND member_id = :member_id AND left_at IS NULL
RETURNING *;

-- name: membership_update_read^
-- Write how far a member has read, if that is further than before; returns no row otherwise.
UPDATE messaging.membership
SET read_sequence = :read_sequence
WHERE channel_id = :channel_id
    AND member_id = :member_id
    AND left_at IS NULL
    AND read_sequence < :read_sequence
RETURNING *;

-- name: membership_upsert!
-- Write that a member is in a channel, and has read it up to its entry.
INSERT INTO messaging.membership (channel_id, member_id, joined_at, joined_sequence, read_sequence)
VALUES (:channel_id, :member_id, :joined_at, :joined_sequence, :joined_sequence)
ON CONFLICT (channel_id, member_id) DO UPDATE
SET
    joined_at = excluded.joined_at,
    joined_sequence = excluded.joined_sequence,
    left_at = NULL,
    read_sequence = greatest(membership.read_sequence, excluded.read_sequence);

-- name: reaction_count_emoji$
-- Count the different emoji on a message.
SELECT count(DISTINCT emoji)
FROM messaging.reaction
WHERE channel_id = :channel_id AND sequence = :sequence;

-- name: reaction_delete^
-- Delete a reaction; returns no row when there was none.
DELETE FROM messaging.reaction
WHERE channel_id = :channel_id
    AND sequence = :sequence
    AND emoji = :emoji
    AND member_id = :member_id
RETURNING sequence;

-- name: reaction_insert^
-- Insert a reaction; returns no row when the member has added it before.
INSERT INTO messaging.reaction (channel_id, sequence, emoji, member_id, at)
VALUES (:channel_id, :sequence, :emoji, :member_id, :at)
ON CONFLICT DO NOTHING
RETURNING sequence;

-- name: reaction_list
-- Read the reactions of several messages of a channel: those of each emoji together, the first emoji first.
SELECT
    channel_id,
    sequence,
    emoji,
    array_agg(member_id ORDER BY at, member_id) AS member_ids
FROM messaging.reaction
WHERE channel_id = :channel_id AND sequence = ANY(:sequences::bigint[])
GROUP BY channel_id, sequence, emoji
ORDER BY sequence, min(at), emoji;

-- name: reaction_list_of_member
-- Read a page of the messages to which a member has added an emoji, the latest first, in channels that another can see.
SELECT
    channel.channel_id,
    reacted.sequence,
    reacted.at
FROM (
    SELECT
        channel_id,
        sequence,
        max(at) AS at
    FROM messaging.reaction
    WHERE member_id = :member_id
    GROUP BY channel_id, sequence
) AS reacted
INNER JOIN messaging.channel USING (channel_id)
WHERE (
    :before::timestamptz IS NULL
    OR (reacted.at, reacted.channel_id, reacted.sequence) < (:before, :before_channel_id::uuid, :before_sequence::bigint)
)
AND (
    channel.kind = 'public'
    OR EXISTS (
        SELECT 1
        FROM messaging.membership
        WHERE membership.channel_id = channel.channel_id
            AND membership.member_id = :viewer_id
            AND membership.left_at IS NULL
    )
)
ORDER BY reacted.at DESC, reacted.channel_id DESC, reacted.sequence DESC
LIMIT :limit;

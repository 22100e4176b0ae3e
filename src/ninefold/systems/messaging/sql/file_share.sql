-- name: file_share_delete
-- Take the files out of a message; returns those that are in no other one.
WITH gone AS (
    DELETE FROM messaging.file_share
    WHERE channel_id = :channel_id AND sequence = :sequence
    RETURNING file_id
)
SELECT gone.file_id
FROM gone
WHERE NOT EXISTS (
    SELECT 1
    FROM messaging.file_share
    WHERE file_share.file_id = gone.file_id
        AND (file_share.channel_id, file_share.sequence) <> (:channel_id::uuid, :sequence::bigint)
)
ORDER BY gone.file_id;

-- name: file_share_insert!
-- Insert in which message files are.
INSERT INTO messaging.file_share (file_id, channel_id, sequence)
SELECT
    file_id,
    :channel_id::uuid,
    :sequence::bigint
FROM unnest(:file_ids::uuid[]) AS file_id;

-- name: file_share_is_visible$
-- Return whether a file is in a channel that a member can see.
SELECT EXISTS (
    SELECT 1
    FROM messaging.file_share
    INNER JOIN messaging.channel USING (channel_id)
    LEFT JOIN messaging.membership
        ON membership.channel_id = channel.channel_id
        AND membership.member_id = :member_id
        AND membership.left_at IS NULL
    WHERE file_share.file_id = :file_id
        AND (channel.kind = 'public' OR membership.member_id IS NOT NULL)
);

-- name: file_share_list
-- Read in which messages files are, by channel.
SELECT
    file_share.file_id,
    file_share.channel_id,
    file_share.sequence,
    message.ts_us,
    message.thread_sequence
FROM messaging.file_share
INNER JOIN messaging.message USING (channel_id, sequence)
WHERE file_share.file_id = ANY(:file_ids::uuid[])
ORDER BY file_share.channel_id, file_share.sequence
LIMIT :limit;

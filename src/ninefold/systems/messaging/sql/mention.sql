-- name: mention_delete!
-- Delete the mentions of a message.
DELETE FROM messaging.mention
WHERE channel_id = :channel_id AND sequence = :sequence;

-- name: mention_insert!
-- Insert whom a message mentions.
INSERT INTO messaging.mention (member_id, channel_id, sequence)
SELECT
    mentioned.member_id,
    :channel_id,
    :sequence
FROM unnest(:member_ids::uuid[]) AS mentioned (member_id);

-- name: watched_channel_delete_expired!
-- Delete channels that nobody has watched for a while, and their entries.
DELETE FROM live.watched_channel
WHERE watched_until < now() - :age::interval;

-- name: watched_channel_extend
-- Watch channels for a while; returns of each whether it wasn't watched before.
WITH moment AS (
    SELECT (extract(EPOCH FROM now()) * 1000000)::bigint AS offset_now
)
INSERT INTO live.watched_channel AS known (channel, watched_until, last_offset, deleted_offset)
SELECT given.channel, now() + :duration::interval, moment.offset_now, moment.offset_now
FROM unnest(:channels::text[]) AS given (channel)
CROSS JOIN moment
ORDER BY given.channel
ON CONFLICT (channel) DO UPDATE
SET
    watched_until = greatest(known.watched_until, excluded.watched_until),
    -- Nothing was appended after the end, so earlier positions are lost.
    last_offset = CASE
        WHEN known.watched_until <= now() THEN greatest(known.last_offset + 1, excluded.last_offset)
        ELSE known.last_offset
    END,
    deleted_offset = CASE
        WHEN known.watched_until <= now() THEN greatest(known.last_offset + 1, excluded.last_offset)
        ELSE known.deleted_offset
    END
RETURNING channel, deleted_offset >= (SELECT offset_now FROM moment) AS is_new;

-- name: watched_channel_list$
-- List the channels with this prefix that are watched, and keep `watched_channel_wait` waiting until the commit.
WITH held AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(:lock_key)
)
SELECT ARRAY(
    SELECT channel
    FROM live.watched_channel
    WHERE watched_until > now()
        AND starts_with(channel, :prefix)
)
FROM held;

-- name: watched_channel_list_positions
-- Return up to where these channels have entries, and up to where they were deleted.
SELECT channel, last_offset, deleted_offset
FROM live.watched_channel
WHERE channel = ANY(:channels::text[]);

-- name: watched_channel_wait!
-- Wait for the transactions that have listed the watched channels.
SELECT pg_advisory_xact_lock(:lock_key);

-- name: watched_entry_delete_old!
-- Delete entries that are older than this.
WITH old AS (
    DELETE FROM live.watched_entry
    WHERE appended_at < now() - :age::interval
    RETURNING channel, "offset"
), latest AS (
    SELECT channel, max("offset") AS deleted_offset
    FROM old
    GROUP BY channel
)
UPDATE live.watched_channel
SET deleted_offset = greatest(watched_channel.deleted_offset, latest.deleted_offset)
FROM latest
WHERE watched_channel.channel = latest.channel;

-- name: watched_entry_insert
-- Append entries to those of these channels that are watched; returns the channels. The order of each is kept.
WITH given AS (
    SELECT channel, data, row_number() OVER (PARTITION BY channel ORDER BY place) AS number
    FROM unnest(:channels::text[], :data::text[]) WITH ORDINALITY AS item (channel, data, place)
), locked AS (
    SELECT channel
    FROM live.watched_channel
    WHERE channel = ANY(:channels::text[])
        AND watched_until > now()
    ORDER BY channel
    FOR UPDATE
), counted AS (
    SELECT channel, max(number) AS count
    FROM given
    INNER JOIN locked USING (channel)
    GROUP BY channel
), advanced AS (
    UPDATE live.watched_channel
    SET last_offset = last_offset + counted.count
    FROM counted
    WHERE watched_channel.channel = counted.channel
    RETURNING watched_channel.channel, last_offset - counted.count AS before
)
INSERT INTO live.watched_entry (channel, "offset", data)
SELECT channel, before + number, data
FROM given
INNER JOIN advanced USING (channel)
RETURNING channel;

-- name: watched_entry_list_after
-- List the next entries of several channels, each after its offset.
SELECT entry.channel, entry."offset", entry.data
FROM unnest(:channels::text[], :offsets::bigint[]) AS position (channel, after)
CROSS JOIN LATERAL (
    SELECT channel, "offset", data
    FROM live.watched_entry
    WHERE watched_entry.channel = position.channel
        AND "offset" > position.after
    ORDER BY "offset"
    LIMIT :limit
) AS entry;

-- Counts the messages of all organisations: later ones have larger numbers. There can be gaps.
CREATE SEQUENCE messaging.message_ordinal;

ALTER TABLE messaging.message
ADD COLUMN organisation_id uuid,
ADD COLUMN ordinal bigint;

UPDATE messaging.message
SET
    organisation_id = channel.organisation_id,
    ordinal = numbered.ordinal
FROM messaging.channel,
    (
        SELECT
            channel_id,
            sequence,
            row_number() OVER (ORDER BY ts_us, channel_id) AS ordinal
        FROM messaging.message
    ) AS numbered
WHERE message.channel_id = channel.channel_id
    AND message.channel_id = numbered.channel_id
    AND message.sequence = numbered.sequence;

SELECT setval('messaging.message_ordinal', greatest(1, (SELECT count(*) FROM messaging.message)));

ALTER TABLE messaging.message
ALTER COLUMN organisation_id SET NOT NULL,
ALTER COLUMN ordinal SET NOT NULL,
ALTER COLUMN ordinal SET DEFAULT nextval('messaging.message_ordinal');

-- What a message is found by: its words, who has written it, where, what it has, and among which messages it is. The
-- last are blocks of 1,024, of 16,384, and so on: with them, a search looks at the latest messages first.
-- No word of a text begins with a space.
CREATE FUNCTION messaging.search_terms(
    text text,
    organisation_id uuid,
    channel_id uuid,
    member_id uuid,
    ordinal bigint,
    thread_sequence bigint,
    file_ids uuid[]
) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple'::regconfig, text) || array_to_tsvector(
    ARRAY[
        ' in ' || right(channel_id::text, 12),
        ' from ' || right(member_id::text, 12),
        ' 10 ' || right(organisation_id::text, 12) || ' ' || (ordinal >> 10)::text,
        ' 14 ' || right(organisation_id::text, 12) || ' ' || (ordinal >> 14)::text,
        ' 18 ' || right(organisation_id::text, 12) || ' ' || (ordinal >> 18)::text,
        ' 22 ' || right(organisation_id::text, 12) || ' ' || (ordinal >> 22)::text,
        ' 26 ' || right(organisation_id::text, 12) || ' ' || (ordinal >> 26)::text
    ]
    || CASE WHEN text ~ 'https?://' THEN ARRAY[' link'] ELSE ARRAY[]::text[] END
    || CASE WHEN cardinality(file_ids) > 0 THEN ARRAY[' file'] ELSE ARRAY[]::text[] END
    || CASE WHEN thread_sequence IS NULL THEN ARRAY[]::text[] ELSE ARRAY[' thread'] END
);

-- New entries are collected up to 256 kB, so that posting needn't write to twenty places of the index.
CREATE INDEX message_searched ON messaging.message USING gin (
    messaging.search_terms(text, organisation_id, channel_id, member_id, ordinal, thread_sequence, file_ids)
) WITH (gin_pending_list_limit = 256)
WHERE deleted_at IS NULL;

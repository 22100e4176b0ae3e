-- How long what an organisation publishes from now on is kept: 1 is short, 2 standard and 3 long. Organisations without
-- a row have the standard retention. Settings of the installation say how many days each is.
CREATE TABLE webhooks.organisation_retention (
    organisation_id uuid PRIMARY KEY,
    retention smallint NOT NULL CHECK (retention BETWEEN 1 AND 3)
);

-- Which idempotency keys are used. A unique index of a partitioned table can't leave out the partition key, so the keys
-- have a table of their own, and are kept for a time of their own.
CREATE TABLE webhooks.idempotency_key (
    organisation_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, idempotency_key)
);

INSERT INTO webhooks.idempotency_key (
    organisation_id,
    idempotency_key,
    event_id
)
SELECT
    organisation_id,
    idempotency_key,
    event_id
FROM webhooks.event
WHERE idempotency_key IS NOT NULL;

-- Finds the keys that are no longer kept.
CREATE INDEX idempotency_key_expiring ON webhooks.idempotency_key (event_id);

-- Events, deliveries and attempts are removed by dropping partitions. All three tables are divided alike: by retention,
-- and then by id, which begins with the time at which the event was accepted. No row is rewritten here: each table
-- becomes the first partition of its successor. It is read once, and two or three of its indexes are built again.
ALTER TABLE webhooks.event
ADD COLUMN retention smallint NOT NULL DEFAULT 2,
DROP CONSTRAINT event_pkey,
ADD CONSTRAINT event_pkey PRIMARY KEY (event_id, retention);

ALTER TABLE webhooks.delivery
ADD COLUMN retention smallint NOT NULL DEFAULT 2,
DROP CONSTRAINT delivery_pkey,
ADD CONSTRAINT delivery_pkey PRIMARY KEY (delivery_id, retention);

ALTER TABLE webhooks.earlier_attempt
ADD COLUMN retention smallint NOT NULL DEFAULT 2,
DROP CONSTRAINT earlier_attempt_pkey,
ADD CONSTRAINT earlier_attempt_pkey PRIMARY KEY (delivery_id, attempt_number, retention);

DROP INDEX webhooks.event_idempotency;

CREATE INDEX event_idempotency ON webhooks.event (organisation_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;

-- The id of a delivery is derived from these two, so they needn't be unique once more.
DROP INDEX webhooks.delivery_of_event;

CREATE INDEX delivery_of_event ON webhooks.delivery (event_id, subscription_id);

DO $$
DECLARE
    partitioned record;
    own_index record;
    definitions text [];
    definition text;
BEGIN
    FOR partitioned IN
        SELECT *
        FROM (
            VALUES
            ('event', 'event_id', 'event_id, retention'),
            ('delivery', 'delivery_id', 'delivery_id, retention'),
            ('earlier_attempt', 'delivery_id', 'delivery_id, attempt_number, retention')
        ) AS listed (name, id_column, key_columns)
    LOOP
        definitions := '{}';
        FOR own_index IN
            SELECT
                pg_class.relname AS name,
                pg_index.indisprimary AS is_primary,
                pg_get_indexdef(pg_class.oid) AS definition
            FROM pg_index
            INNER JOIN pg_class ON pg_class.oid = pg_index.indexrelid
            WHERE pg_index.indrelid = format('webhooks.%I', partitioned.name)::regclass
            ORDER BY pg_class.relname
        LOOP
            IF NOT own_index.is_primary THEN
                definitions := definitions || own_index.definition;
            END IF;
            EXECUTE format('ALTER INDEX webhooks.%I RENAME TO %I', own_index.name, own_index.name || '_first');
        END LOOP;
        EXECUTE format('ALTER TABLE webhooks.%I RENAME TO %I', partitioned.name, partitioned.name || '_standard_first');
        EXECUTE format(
            'CREATE TABLE webhooks.%I (LIKE webhooks.%I INCLUDING ALL EXCLUDING INDEXES) PARTITION BY LIST (retention)',
            partitioned.name,
            partitioned.name || '_standard_first'
        );
        EXECUTE format(
            'ALTER TABLE webhooks.%I ADD CONSTRAINT %I PRIMARY KEY (%s)',
            partitioned.name,
            partitioned.name || '_pkey',
            partitioned.key_columns
        );
        FOREACH definition IN ARRAY definitions LOOP
            EXECUTE definition;
        END LOOP;
        EXECUTE format(
            'CREATE TABLE webhooks.%I (LIKE webhooks.%I INCLUDING ALL) PARTITION BY RANGE (%I)',
            partitioned.name || '_standard',
            partitioned.name,
            partitioned.id_column
        );
        EXECUTE format(
            'ALTER TABLE webhooks.%I ATTACH PARTITION webhooks.%I FOR VALUES FROM (MINVALUE) TO (MAXVALUE)',
            partitioned.name || '_standard',
            partitioned.name || '_standard_first'
        );
        EXECUTE format(
            'ALTER TABLE webhooks.%I ATTACH PARTITION webhooks.%I FOR VALUES IN (2)',
            partitioned.name,
            partitioned.name || '_standard'
        );
    END LOOP;
END
$$;

-- The smallest and the greatest id with the time of an id. The deliveries of an event have ids with its time, so that
-- with these bounds only the event's partition is searched for them.
CREATE FUNCTION webhooks.first_id_of_time(id uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (substr(id::text, 1, 13) || '-0000-0000-000000000000')::uuid;

CREATE FUNCTION webhooks.last_id_of_time(id uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (substr(id::text, 1, 13) || '-ffff-ffff-ffffffffffff')::uuid;

-- As before, with the retention of the event.
ALTER TYPE webhooks.outcome
ADD ATTRIBUTE retention smallint;

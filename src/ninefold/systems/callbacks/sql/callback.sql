-- name: callback_claim
-- Lock callbacks that wait to be verified until the transaction ends: a fair share for each organisation, oldest first.
-- It looks at up to :organisations_max organisations, in the order of their ids, starting after :after; each step of the
-- recursive CTE finds the next one with one index lookup. What other workers have locked is skipped, and so are the
-- callbacks of sources that wait for keys (:held_back).
-- Each organisation has a fair share of :body_bytes_max too; its first callback may exceed it.
-- last_organisation_id is where the next call continues, in every row; NULL when no organisation follows.
WITH RECURSIVE scanned AS (
    (
        SELECT
            organisation_id,
            1 AS position
        FROM callbacks.callback
        WHERE status = 'received'
            AND organisation_id > :after
        ORDER BY organisation_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        next_organisation.organisation_id,
        scanned.position + 1
    FROM scanned
    CROSS JOIN LATERAL (
        SELECT callback.organisation_id
        FROM callbacks.callback
        WHERE callback.status = 'received'
            AND callback.organisation_id > scanned.organisation_id
        ORDER BY callback.organisation_id
        LIMIT 1
    ) AS next_organisation
    WHERE scanned.position < :organisations_max::integer
),

candidate AS MATERIALIZED (
    SELECT oldest.*
    FROM scanned
    CROSS JOIN LATERAL (
        SELECT
            callback.callback_id,
            callback.organisation_id,
            octet_length(callback.body) AS body_bytes
        FROM callbacks.callback
        WHERE callback.status = 'received'
            AND callback.organisation_id = scanned.organisation_id
            AND NOT callback.source_id = ANY(:held_back::uuid[])
        ORDER BY callback.callback_id
        LIMIT (SELECT ceil(:limit::numeric / count(*))::integer FROM scanned)
        FOR UPDATE SKIP LOCKED
    ) AS oldest
),

chosen AS (
    SELECT callback_id
    FROM (
        SELECT
            callback_id,
            sum(body_bytes) OVER (PARTITION BY organisation_id ORDER BY callback_id) - body_bytes AS bytes_before
        FROM candidate
    ) AS running_total
    WHERE bytes_before < (SELECT :body_bytes_max::numeric / count(*) FROM scanned)
),

scan_end AS (
    SELECT organisation_id AS last_organisation_id
    FROM scanned
    WHERE position = :organisations_max::integer
)

SELECT
    waiting.*,
    scan_end.last_organisation_id
FROM (
    SELECT
        callback.callback_id,
        callback.organisation_id,
        callback.source_id,
        callback.received_at,
        callback.method,
        callback.scheme,
        callback.path,
        callback.query,
        callback.headers,
        callback.body
    FROM callbacks.callback
    JOIN chosen USING (callback_id)
) AS waiting
FULL JOIN scan_end ON TRUE
ORDER BY waiting.callback_id;

-- name: callback_count_received$
-- Count the callbacks that wait to be verified, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM callbacks.callback
    WHERE status = 'received'
    LIMIT :limit
) AS waiting;

-- name: callback_delete_before
-- Delete callbacks with ids before one that don't wait to be verified, up to a limit; return the last id deleted.
WITH expired AS (
    SELECT callback_id
    FROM callbacks.callback
    WHERE callback_id < :before
        AND status <> 'received'
    ORDER BY callback_id
    LIMIT :limit
)

DELETE FROM callbacks.callback
USING expired
WHERE callback.callback_id = expired.callback_id
RETURNING callback.callback_id;

-- name: callback_find^
-- Read one callback of an organisation, without its headers and its body.
SELECT
    callback_id,
    organisation_id,
    source_id,
    provider,
    status,
    received_at,
    judged_at,
    peer,
    method,
    path,
    query,
    octet_length(body) AS body_bytes,
    event_type,
    provider_event_id,
    reason,
    detail,
    duplicate_of,
    event_id,
    replay_count
FROM callbacks.callback
WHERE callback_id = :callback_id
    AND organisation_id = :organisation_id;

-- name: callback_find_content^
-- Read the headers and the body of a callback of an organisation.
SELECT
    headers,
    body
FROM callbacks.callback
WHERE callback_id = :callback_id
    AND organisation_id = :organisation_id;

-- name: callback_find_end$
-- Find the last callback that `callback_list` looks at; NULL if it looks at all that there are.
SELECT callback_id
FROM (
    (
        SELECT callback_id
        FROM callbacks.callback
        WHERE :scan = 'type'
            AND organisation_id = :organisation_id
            AND event_type >= :event_type
            AND (event_type, callback_id) < (:event_type, :before)
        ORDER BY event_type DESC, callback_id DESC
        OFFSET :looked_at_max::integer - 1
        LIMIT 1
    )
    UNION ALL
    (
        SELECT callback_id
        FROM callbacks.callback
        WHERE :scan = 'status'
            AND organisation_id = :organisation_id
            AND status = :status
            AND status <> 'verified'
            AND callback_id < :before
        ORDER BY callback_id DESC
        OFFSET :looked_at_max::integer - 1
        LIMIT 1
    )
    UNION ALL
    (
        SELECT callback_id
        FROM callbacks.callback
        WHERE :scan = 'source'
            AND source_id = :source_id
            AND callback_id < :before
        ORDER BY callback_id DESC
        OFFSET :looked_at_max::integer - 1
        LIMIT 1
    )
    UNION ALL
    (
        SELECT callback_id
        FROM callbacks.callback
        WHERE :scan = 'provider'
            AND organisation_id = :organisation_id
            AND provider >= :provider
            AND (provider, callback_id) < (:provider, :before)
        ORDER BY provider DESC, callback_id DESC
        OFFSET :looked_at_max::integer - 1
        LIMIT 1
    )
    UNION ALL
    (
        SELECT callback_id
        FROM callbacks.callback
        WHERE :scan = 'all'
            AND organisation_id = :organisation_id
            AND callback_id < :before
        ORDER BY callback_id DESC
        OFFSET :looked_at_max::integer - 1
        LIMIT 1
    )
) AS last_looked_at;

-- name: callback_insert_many
-- Insert callbacks as they were received, except those whose source is deleted; return the version of each's source.
INSERT INTO callbacks.callback (
    callback_id,
    organisation_id,
    source_id,
    provider,
    status,
    received_at,
    judged_at,
    peer,
    method,
    scheme,
    path,
    query,
    headers,
    body
)
SELECT
    received.callback_id,
    source.organisation_id,
    source.source_id,
    source.provider,
    received.status,
    received.received_at,
    CASE WHEN received.status <> 'received' THEN received.received_at END,
    received.peer,
    received.method,
    received.scheme,
    received.path,
    received.query,
    received.headers,
    received.body
FROM unnest(
    :callback_ids::uuid[],
    :source_ids::uuid[],
    :statuses::text[],
    :received_ats::timestamptz[],
    :peers::text[],
    :methods::text[],
    :schemes::text[],
    :paths::bytea[],
    :queries::bytea[],
    :headers::bytea[],
    :bodies::bytea[]
) AS received (
    callback_id,
    source_id,
    status,
    received_at,
    peer,
    method,
    scheme,
    path,
    query,
    headers,
    body
)
JOIN callbacks.source USING (source_id)
WHERE source.deleted_at IS NULL
RETURNING
    callback_id,
    (
        SELECT source.version
        FROM callbacks.source
        WHERE source.source_id = callback.source_id
    ) AS source_version;

-- name: callback_list
-- Read a page of an organisation's callbacks, newest first, without their headers and bodies.
-- It looks at :looked_at_max callbacks at most, in the order of an index. :scan says which; the other parts of `page` cost
-- nothing. What is in the index is only compared in a subquery, so that its order is kept, and reading ends with the page.
WITH page AS (
    -- These bounds mean event_type = :event_type, but keep the order by both columns, which no other index has: without
    -- it, a generic plan reads through all callbacks if most have the same type.
    (
        SELECT callback_id
        FROM (
            SELECT
                callback_id,
                event_type,
                source_id,
                status,
                provider
            FROM callbacks.callback
            WHERE :scan = 'type'
                AND organisation_id = :organisation_id
                AND event_type >= :event_type
                AND (event_type, callback_id) < (:event_type, :before)
            ORDER BY event_type DESC, callback_id DESC
            LIMIT :looked_at_max
        ) AS looked_at
        WHERE (:source_id::uuid IS NULL OR source_id = :source_id)
            AND (:status::text IS NULL OR status = :status)
            AND (:provider::text IS NULL OR provider = :provider)
        ORDER BY event_type DESC, callback_id DESC
        LIMIT :limit
    )
    UNION ALL
    -- By a status that few have.
    (
        SELECT callback_id
        FROM (
            SELECT
                callback_id,
                source_id,
                provider
            FROM callbacks.callback
            WHERE :scan = 'status'
                AND organisation_id = :organisation_id
                AND status = :status
                AND status <> 'verified'
                AND callback_id < :before
            ORDER BY callback_id DESC
            LIMIT :looked_at_max
        ) AS looked_at
        WHERE (:source_id::uuid IS NULL OR source_id = :source_id)
            AND (:provider::text IS NULL OR provider = :provider)
        ORDER BY callback_id DESC
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT callback_id
        FROM (
            SELECT
                callback_id,
                organisation_id,
                status,
                provider
            FROM callbacks.callback
            WHERE :scan = 'source'
                AND source_id = :source_id
                AND callback_id < :before
            ORDER BY callback_id DESC
            LIMIT :looked_at_max
        ) AS looked_at
        WHERE organisation_id = :organisation_id
            AND (:status::text IS NULL OR status = :status)
            AND (:provider::text IS NULL OR provider = :provider)
        ORDER BY callback_id DESC
        LIMIT :limit
    )
    UNION ALL
    -- By provider, with bounds as above.
    (
        SELECT callback_id
        FROM (
            SELECT
                callback_id,
                provider,
                status
            FROM callbacks.callback
            WHERE :scan = 'provider'
                AND organisation_id = :organisation_id
                AND provider >= :provider
                AND (provider, callback_id) < (:provider, :before)
            ORDER BY provider DESC, callback_id DESC
            LIMIT :looked_at_max
        ) AS looked_at
        WHERE (:status::text IS NULL OR status = :status)
        ORDER BY provider DESC, callback_id DESC
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT callback_id
        FROM (
            SELECT
                callback_id,
                status
            FROM callbacks.callback
            WHERE :scan = 'all'
                AND organisation_id = :organisation_id
                AND callback_id < :before
            ORDER BY callback_id DESC
            LIMIT :looked_at_max
        ) AS looked_at
        WHERE (:status::text IS NULL OR status = :status)
        ORDER BY callback_id DESC
        LIMIT :limit
    )
)

SELECT
    callback.callback_id,
    callback.organisation_id,
    callback.source_id,
    callback.provider,
    callback.status,
    callback.received_at,
    callback.judged_at,
    callback.peer,
    callback.method,
    callback.path,
    callback.query,
    octet_length(callback.body) AS body_bytes,
    callback.event_type,
    callback.provider_event_id,
    callback.reason,
    callback.detail,
    callback.duplicate_of,
    callback.event_id,
    callback.replay_count
FROM page
INNER JOIN callbacks.callback USING (callback_id)
ORDER BY callback.callback_id DESC;

-- name: callback_list_changed
-- Read those of these callbacks that belong to some sources or organisations, without their headers and bodies.
SELECT
    callback_id,
    organisation_id,
    source_id,
    provider,
    status,
    received_at,
    judged_at,
    peer,
    method,
    path,
    query,
    octet_length(body) AS body_bytes,
    event_type,
    provider_event_id,
    reason,
    detail,
    duplicate_of,
    event_id,
    replay_count
FROM callbacks.callback
WHERE callback_id = ANY(:callback_ids::uuid[])
    AND (source_id = ANY(:source_ids::uuid[]) OR organisation_id = ANY(:organisation_ids::uuid[]))
ORDER BY callback_id;

-- name: callback_lock^
-- Lock a verified callback of an organisation; returns no row if there is none with this id, or it isn't verified.
SELECT
    callback_id,
    organisation_id,
    source_id,
    received_at,
    method,
    scheme,
    path,
    query,
    headers,
    body,
    event_type,
    provider_event_id
FROM callbacks.callback
WHERE callback_id = :callback_id
    AND organisation_id = :organisation_id
    AND status = 'verified'
FOR UPDATE;

-- name: callback_lock_verified
-- Lock verified callbacks that follow one and were received in a time, oldest first.
SELECT
    callback_id,
    organisation_id,
    source_id,
    received_at,
    method,
    scheme,
    path,
    query,
    headers,
    body,
    event_type,
    provider_event_id
FROM callbacks.callback
WHERE organisation_id = :organisation_id
    AND callback_id > :after
    AND status = 'verified'
    AND (:source_id::uuid IS NULL OR source_id = :source_id)
    AND received_at >= :since
    AND received_at < :until
    AND (:event_type::text IS NULL OR event_type = :event_type)
ORDER BY callback_id
LIMIT :limit
FOR UPDATE;

-- name: callback_receive_again
-- Let quarantined callbacks that follow one be verified again, oldest first; return their ids.
WITH quarantined AS (
    SELECT callback_id
    FROM callbacks.callback
    WHERE organisation_id = :organisation_id
        AND callback_id > :after
        AND status = 'quarantined'
        AND (:source_id::uuid IS NULL OR source_id = :source_id)
    ORDER BY callback_id
    LIMIT :limit
    FOR UPDATE
),

received AS (
    UPDATE callbacks.callback
    SET
        status = 'received',
        judged_at = NULL,
        reason = NULL,
        detail = NULL
    FROM quarantined
    WHERE callback.callback_id = quarantined.callback_id
    RETURNING callback.callback_id
)

SELECT callback_id
FROM received
ORDER BY callback_id;

-- name: callback_record_judgements!
-- Record what became of callbacks that this transaction has locked.
UPDATE callbacks.callback
SET
    status = judgement.status,
    judged_at = now(),
    event_type = judgement.event_type,
    provider_event_id = judgement.provider_event_id,
    reason = judgement.reason,
    detail = judgement.detail,
    duplicate_of = judgement.duplicate_of,
    event_id = judgement.event_id
FROM unnest(
    :callback_ids::uuid[],
    :statuses::text[],
    :event_types::text[],
    :provider_event_ids::text[],
    :reasons::text[],
    :details::text[],
    :duplicates_of::uuid[],
    :event_ids::uuid[]
) AS judgement (
    callback_id,
    status,
    event_type,
    provider_event_id,
    reason,
    detail,
    duplicate_of,
    event_id
)
WHERE callback.callback_id = judgement.callback_id;

-- name: callback_record_replays!
-- Count a replay of each of these callbacks.
UPDATE callbacks.callback
SET replay_count = replay_count + 1
WHERE callback_id = ANY(:callback_ids::uuid[]);

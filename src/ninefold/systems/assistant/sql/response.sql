-- name: response_append
-- Append events to the logs of responses that this worker holds; return the responses whose events were appended.
WITH appended AS (
    UPDATE assistant.response
    SET
        last_sequence = batch.last_sequence,
        output_tokens = batch.output_tokens,
        attempt_count = batch.attempt_count,
        first_token_at = CASE
            WHEN response.first_token_at IS NULL AND batch.output_tokens > 0 THEN clock_timestamp()
            ELSE response.first_token_at
        END
    FROM unnest(
        :response_ids::uuid[],
        :expected_sequences::bigint[],
        :last_sequences::bigint[],
        :output_tokens::integer[],
        :attempt_counts::integer[]
    ) AS batch (response_id, expected_sequence, last_sequence, output_tokens, attempt_count)
    WHERE response.response_id = batch.response_id
        AND response.leased_by = :worker_id
        AND response.last_sequence = batch.expected_sequence
    RETURNING response.response_id
),
inserted AS (
    INSERT INTO assistant.event (response_id, sequence, type, payload)
    SELECT
        entry.response_id,
        entry.sequence,
        entry.type,
        entry.payload::json
    FROM unnest(:event_response_ids::uuid[], :sequences::bigint[], :types::text[], :payloads::text[])
        AS entry (response_id, sequence, type, payload)
    INNER JOIN appended USING (response_id)
)
SELECT response_id
FROM appended;

-- name: response_claim
-- Claim the next responses for a worker, first those of whom it serves least; those that were begun before come first.
WITH running AS MATERIALIZED (
    SELECT
        organisation_id,
        asker_id,
        count(*) AS of_asker,
        sum(count(*)) OVER (PARTITION BY organisation_id) AS of_organisation
    FROM assistant.response
    WHERE leased_by = :worker_id
    GROUP BY organisation_id, asker_id
),
waiting AS (
    SELECT
        response_id,
        organisation_id,
        asker_id,
        status,
        row_number() OVER (PARTITION BY asker_id ORDER BY status, response_id) AS turn
    FROM assistant.response
    WHERE status IN ('queued', 'in_progress')
        AND leased_by IS NULL
),
ranked AS (
    SELECT
        waiting.response_id,
        waiting.status,
        coalesce((SELECT max(of_organisation) FROM running WHERE running.organisation_id = waiting.organisation_id), 0)
        + row_number() OVER (
            PARTITION BY waiting.organisation_id
            ORDER BY waiting.status, coalesce(running.of_asker, 0) + waiting.turn, waiting.response_id
        ) AS place
    FROM waiting
    LEFT JOIN running USING (asker_id)
    WHERE coalesce(running.of_asker, 0) + waiting.turn <= :asker_max
),
chosen AS (
    SELECT response.response_id
    FROM assistant.response
    INNER JOIN ranked USING (response_id)
    WHERE ranked.place <= :organisation_max
        AND response.status IN ('queued', 'in_progress')
        AND response.leased_by IS NULL
    ORDER BY ranked.status, ranked.place, response.response_id
    LIMIT :limit
    FOR UPDATE OF response SKIP LOCKED
)
UPDATE assistant.response
SET
    status = 'in_progress',
    leased_by = :worker_id,
    engine = :engine,
    started_at = coalesce(started_at, now()),
    queue_position = NULL,
    attempt_count = attempt_count + 1,
    last_sequence = last_sequence + 1
WHERE response_id IN (SELECT response_id FROM chosen)
RETURNING *;

-- name: response_count_queued$
-- Count the responses that wait for a worker, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM assistant.response
    WHERE status = 'queued'
    LIMIT :limit
) AS counted;

-- name: response_count_unfinished^
-- Count the queued responses of an organisation, those of one asker, and all that are ahead of a new one.
SELECT
    count(*) FILTER (WHERE organisation_id = :organisation_id) AS of_organisation,
    count(*) FILTER (WHERE organisation_id = :organisation_id AND asker_id = :asker_id) AS of_asker,
    count(DISTINCT asker_id) FILTER (WHERE asker_id <> :asker_id) AS other_askers
FROM assistant.response
WHERE status = 'queued'
    AND leased_by IS NULL;

-- name: response_delete$
-- Mark an ended response as deleted; returns no row when the owner has none with this id.
UPDATE assistant.response
SET deleted_at = now()
WHERE response_id = :response_id
    AND organisation_id = :organisation_id
    AND owner_id = ANY(:owner_ids::uuid[])
    AND finished_at IS NOT NULL
    AND deleted_at IS NULL
RETURNING response_id;

-- name: response_delete_logs$
-- Delete the logs of responses that ended before a time; return how many.
WITH ended AS (
    UPDATE assistant.response
    SET is_log_deleted = TRUE
    WHERE response_id IN (
        SELECT response_id
        FROM assistant.response
        WHERE finished_at < :before
            AND NOT is_log_deleted
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING response_id
),
deleted AS (
    DELETE FROM assistant.event
    WHERE response_id IN (SELECT response_id FROM ended)
)
SELECT count(*)
FROM ended;

-- name: response_delete_unused$
-- Delete responses that nobody can read any more, with their logs; return how many.
WITH deleted AS (
    DELETE FROM assistant.response
    WHERE response_id IN (
        SELECT response_id
        FROM assistant.response
        WHERE finished_at IS NOT NULL
            AND (
                deleted_at < :deleted_before
                OR (NOT is_stored AND finished_at < :deleted_before)
                OR (conversation_id IS NULL AND finished_at < :ended_before)
            )
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING response_id
),
deleted_event AS (
    DELETE FROM assistant.event
    WHERE response_id IN (SELECT response_id FROM deleted)
)
SELECT count(*)
FROM deleted;

-- name: response_find^
-- Read one response of an owner.
SELECT *
FROM assistant.response
WHERE response_id = :response_id
    AND organisation_id = :organisation_id
    AND owner_id = ANY(:owner_ids::uuid[])
    AND deleted_at IS NULL;

-- name: response_finish$
-- End a response; return its id, or no row if its log has grown or another worker holds it.
WITH finished AS (
    UPDATE assistant.response
    SET
        status = :status,
        leased_by = NULL,
        queue_position = NULL,
        output_items = :output_items::text::json,
        incomplete_reason = :incomplete_reason,
        error_code = :error_code,
        error_message = :error_message,
        input_tokens = :input_tokens,
        output_tokens = :output_tokens,
        first_token_at = CASE
            WHEN first_token_at IS NULL AND :output_tokens > 0 THEN clock_timestamp()
            ELSE first_token_at
        END,
        last_sequence = last_sequence + cardinality(:types::text[]),
        finished_at = clock_timestamp()
    WHERE response_id = :response_id
        AND status IN ('queued', 'in_progress')
        AND leased_by IS NOT DISTINCT FROM :leased_by::uuid
        AND last_sequence = :expected_sequence
    RETURNING response_id
),
inserted AS (
    INSERT INTO assistant.event (response_id, sequence, type, payload)
    SELECT
        finished.response_id,
        :expected_sequence::bigint + entry.place,
        entry.type,
        entry.payload::json
    FROM finished
    CROSS JOIN unnest(:types::text[], :payloads::text[]) WITH ORDINALITY AS entry (type, payload, place)
)
SELECT response_id
FROM finished;

-- name: response_insert^
-- Insert a response that waits for a worker, with the first events of its log.
WITH inserted AS (
    INSERT INTO assistant.event (response_id, sequence, type, payload)
    SELECT
        :response_id::uuid,
        entry.place - 1,
        entry.type,
        entry.payload::json
    FROM unnest(:types::text[], :payloads::text[]) WITH ORDINALITY AS entry (type, payload, place)
)
INSERT INTO assistant.response (
    response_id,
    organisation_id,
    owner_id,
    asker_id,
    asker_kind,
    conversation_id,
    message_id,
    previous_response_id,
    status,
    is_stored,
    model,
    parameters,
    messages,
    input_items,
    surface,
    reserved_tokens,
    input_tokens,
    last_sequence,
    queue_position
)
VALUES (
    :response_id,
    :organisation_id,
    :owner_id,
    :asker_id,
    :asker_kind,
    :conversation_id,
    :message_id,
    :previous_response_id,
    'queued',
    :is_stored,
    :model,
    :parameters::text::json,
    :messages::text::json,
    :input_items::text::json,
    :surface::text::json,
    :reserved_tokens,
    :input_tokens,
    cardinality(:types::text[]) - 1,
    :queue_position
)
RETURNING *;

-- name: response_list_chain
-- Read a response and those before it that it continues, newest first, up to a limit.
WITH RECURSIVE chain AS (
    SELECT
        response.*,
        1 AS place
    FROM assistant.response
    WHERE response_id = :response_id
        AND organisation_id = :organisation_id
        AND owner_id = ANY(:owner_ids::uuid[])
    UNION ALL
    SELECT
        response.*,
        chain.place + 1
    FROM chain
    INNER JOIN assistant.response
        ON response.response_id = chain.previous_response_id
        AND response.owner_id = chain.owner_id
    WHERE chain.place < :limit
)
SELECT *
FROM chain
ORDER BY place;

-- name: response_list_of_conversation
-- Read the responses of a conversation.
SELECT *
FROM assistant.response
WHERE conversation_id = :conversation_id
ORDER BY response_id;

-- name: response_list_overdue
-- Lock responses that have waited for a worker since before a time, up to a limit.
SELECT *
FROM assistant.response
WHERE status = 'queued'
    AND leased_by IS NULL
    AND created_at < :before
ORDER BY response_id
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: response_list_positions
-- Read how far the logs of responses are.
SELECT
    response_id,
    last_sequence,
    is_log_deleted,
    leased_by
FROM assistant.response
WHERE response_id = ANY(:response_ids::uuid[]);

-- name: response_lock^
-- Read one response of an owner, and keep its worker from appending until the transaction ends.
SELECT *
FROM assistant.response
WHERE response_id = :response_id
    AND organisation_id = :organisation_id
    AND owner_id = ANY(:owner_ids::uuid[])
    AND deleted_at IS NULL
FOR UPDATE;

-- name: response_lock_supervision$
-- Return whether no other worker is supervising the queue; keep them from it until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('assistant.supervision', 0));

-- name: response_move_up
-- Record the places of waiting responses that have changed, with an event for each; return their ids.
WITH placed AS (
    SELECT
        response_id,
        row_number() OVER (ORDER BY turn, response_id) AS place
    FROM (
        SELECT
            response_id,
            row_number() OVER (PARTITION BY asker_id ORDER BY response_id) AS turn
        FROM assistant.response
        WHERE status = 'queued'
            AND leased_by IS NULL
    ) AS queued
    ORDER BY place
    LIMIT :limit
),
moved AS (
    UPDATE assistant.response
    SET
        queue_position = changed.place,
        last_sequence = response.last_sequence + 1
    FROM (
        SELECT
            response.response_id,
            placed.place
        FROM assistant.response
        INNER JOIN placed USING (response_id)
        WHERE response.status = 'queued'
            AND response.leased_by IS NULL
            AND response.queue_position IS DISTINCT FROM placed.place
        FOR UPDATE OF response SKIP LOCKED
    ) AS changed
    WHERE response.response_id = changed.response_id
    RETURNING response.response_id, response.last_sequence, response.queue_position
)
INSERT INTO assistant.event (response_id, sequence, type, payload)
SELECT
    response_id,
    last_sequence,
    'ninefold.response.queued',
    json_build_object('position', queue_position)
FROM moved
RETURNING response_id;

-- name: response_release!
-- Release the responses of workers that have died or stopped; other workers continue them.
UPDATE assistant.response
SET leased_by = NULL
WHERE leased_by = ANY(:worker_ids::uuid[]);

-- name: response_release_unknown!
-- Release the responses of a worker except those that it knows of.
UPDATE assistant.response
SET leased_by = NULL
WHERE leased_by = :worker_id
    AND NOT response_id = ANY(:known_ids::uuid[]);

-- name: circuit_count_open$
-- Count the circuits that are open, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.circuit
    WHERE opened_at IS NOT NULL
    LIMIT :limit
) AS opened;

-- name: circuit_count_open_of$
-- Count the circuits of an organisation's subscriptions that are open.
SELECT count(*)
FROM webhooks.circuit
INNER JOIN webhooks.subscription ON subscription.subscription_id = circuit.subscription_id
WHERE circuit.opened_at IS NOT NULL
    AND subscription.organisation_id = :organisation_id
    AND subscription.deleted_at IS NULL
    AND subscription.paused_at IS NULL;

-- name: circuit_list_changed
-- Read the circuits that have changed since a time, and the time of this reading.
-- If none has changed, it returns one row with the time.
SELECT
    reading.read_at,
    circuit.subscription_id,
    circuit.failing_since IS NOT NULL AS is_failing,
    circuit.opened_at IS NOT NULL AS is_open,
    extract(EPOCH FROM circuit.throttled_until - reading.read_at)::double precision AS throttled_for_s
FROM (SELECT statement_timestamp() AS read_at) AS reading
LEFT JOIN webhooks.circuit ON circuit.changed_at >= :since;

-- name: circuit_mark_announced!
-- Note that the pause of these subscriptions was announced.
UPDATE webhooks.circuit
SET pause_announced_at = now()
WHERE subscription_id = ANY(:subscription_ids::uuid[]);

-- name: circuit_open
-- Open the circuits of failing subscriptions; return those that were closed.
UPDATE webhooks.circuit
SET
    opened_at = statement_timestamp(),
    retry_at = statement_timestamp() + :retry_s::double precision * interval '1 second',
    changed_at = clock_timestamp()
WHERE subscription_id = ANY(:subscription_ids::uuid[])
    AND opened_at IS NULL
    AND failing_since IS NOT NULL
RETURNING subscription_id;

-- name: circuit_record_failures
-- Count failed attempts; open the circuits that have reached the limit, and those whose probe has failed.
-- Failures without a count are requests to slow down: they don't open a circuit, but end its probe.
INSERT INTO webhooks.circuit AS circuit (
    subscription_id,
    organisation_id,
    consecutive_failures,
    failing_since,
    opened_at,
    retry_at,
    throttled_until,
    changed_at
)
SELECT
    report.subscription_id,
    report.organisation_id,
    report.failures,
    report.failed_at,
    CASE WHEN report.failures >= :failures_max::integer THEN statement_timestamp() END,
    CASE
        WHEN report.failures >= :failures_max::integer
            THEN statement_timestamp() + :retry_s::double precision * interval '1 second'
    END,
    clock_timestamp() + report.throttled_for_s * interval '1 second',
    clock_timestamp()
FROM json_to_recordset(:reports::json) AS report (
    subscription_id uuid,
    organisation_id uuid,
    failures integer,
    failed_at timestamptz,
    throttled_for_s double precision
)
ORDER BY report.subscription_id
ON CONFLICT (subscription_id) DO UPDATE
SET
    consecutive_failures = circuit.consecutive_failures + excluded.consecutive_failures,
    failing_since = coalesce(circuit.failing_since, excluded.failing_since),
    opened_at = CASE
        WHEN circuit.opened_at IS NOT NULL THEN circuit.opened_at
        WHEN
            excluded.consecutive_failures > 0
            AND circuit.consecutive_failures + excluded.consecutive_failures >= :failures_max::integer
            THEN statement_timestamp()
    END,
    retry_at = CASE
        WHEN circuit.retry_at > statement_timestamp() THEN circuit.retry_at
        WHEN
            circuit.opened_at IS NOT NULL
            OR (
                excluded.consecutive_failures > 0
                AND circuit.consecutive_failures + excluded.consecutive_failures >= :failures_max::integer
            )
            THEN statement_timestamp() + :retry_s::double precision * interval '1 second'
    END,
    probed_by = CASE WHEN circuit.retry_at > statement_timestamp() THEN circuit.probed_by END,
    throttled_until = greatest(circuit.throttled_until, excluded.throttled_until),
    changed_at = clock_timestamp()
RETURNING
    circuit.subscription_id,
    circuit.organisation_id,
    circuit.failing_since,
    circuit.consecutive_failures,
    circuit.opened_at IS NOT NULL AS is_open,
    coalesce(circuit.opened_at = statement_timestamp(), FALSE) AS is_just_opened,
    coalesce(
        circuit.opened_at IS NOT NULL
        AND circuit.failing_since < statement_timestamp() - :pause_after_s::double precision * interval '1 second',
        FALSE
    ) AS is_pause_due,
    coalesce(
        circuit.opened_at IS NOT NULL
        AND circuit.pause_announced_at IS NULL
        AND circuit.failing_since < statement_timestamp() - :announce_after_s::double precision * interval '1 second',
        FALSE
    ) AS is_announcement_due;

-- name: circuit_record_success
-- Close the circuits of these subscriptions, because an attempt succeeded; return whether each was open.
WITH succeeded AS MATERIALIZED (
    SELECT
        subscription_id,
        opened_at IS NOT NULL AS was_open
    FROM webhooks.circuit
    WHERE subscription_id = ANY(:subscription_ids::uuid[])
        AND failing_since IS NOT NULL
    ORDER BY subscription_id
    FOR UPDATE
)

UPDATE webhooks.circuit
SET
    consecutive_failures = 0,
    failing_since = NULL,
    opened_at = NULL,
    retry_at = NULL,
    probed_by = NULL,
    pause_announced_at = NULL,
    changed_at = clock_timestamp()
FROM succeeded
WHERE circuit.subscription_id = succeeded.subscription_id
RETURNING
    circuit.subscription_id,
    succeeded.was_open;

-- name: circuit_release!
-- Let other workers probe the circuits that these workers were probing.
UPDATE webhooks.circuit
SET probed_by = NULL
WHERE probed_by = ANY(:worker_ids::uuid[]);

-- name: circuit_release_probes!
-- Let these circuits be probed again, because this worker's probe has no result.
UPDATE webhooks.circuit
SET probed_by = NULL
WHERE subscription_id = ANY(:subscription_ids::uuid[])
    AND probed_by = :worker_id;

-- name: circuit_reset!
-- Close the circuit of a subscription and forget its failures, as if its endpoint had always been healthy.
UPDATE webhooks.circuit
SET
    consecutive_failures = 0,
    failing_since = NULL,
    opened_at = NULL,
    retry_at = NULL,
    probed_by = NULL,
    throttled_until = NULL,
    pause_announced_at = NULL,
    changed_at = clock_timestamp()
WHERE subscription_id = :subscription_id;

-- name: circuit_start_probes!
-- Note that this worker is probing these circuits, so that no other one does it too.
UPDATE webhooks.circuit
SET probed_by = :worker_id
WHERE subscription_id = ANY(:subscription_ids::uuid[]);

-- name: app_event_acknowledge^
-- Write that an app has taken what it was told; returns no row when that is known already, or it isn't the app's.
UPDATE messaging.app_event
SET
    state = 'delivered',
    due_at = NULL,
    error = NULL,
    finished_at = now()
WHERE app_event_id = :app_event_id
    AND app_id = :app_id
    AND state IN ('sent', 'retrying')
RETURNING *;

-- name: app_event_claim
-- Take what is due for an app's connection, oldest first; others skip it.
WITH due AS (
    SELECT app_event_id
    FROM messaging.app_event
    WHERE app_id = :app_id
        AND transport = 'socket'
        AND state IN ('queued', 'retrying')
        AND due_at <= now()
    ORDER BY due_at, app_event_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

UPDATE messaging.app_event
SET
    state = 'sent',
    attempt_count = attempt_count + 1,
    sent_at = now(),
    sent_by = :sent_by,
    due_at = now() + :ack_within::interval
FROM due
WHERE app_event.app_event_id = due.app_event_id
RETURNING app_event.*;

-- name: app_event_claim_http
-- Take what is due at the request URLs of apps, oldest first, up to a limit for each app; others skip it.
WITH due AS (
    SELECT found.app_event_id
    FROM messaging.app
    CROSS JOIN LATERAL (
        SELECT app_event.app_event_id
        FROM messaging.app_event
        WHERE app_event.app_id = app.app_id
            AND app_event.transport = 'http'
            AND app_event.state IN ('queued', 'retrying')
            AND app_event.due_at <= now()
        ORDER BY app_event.due_at, app_event.app_event_id
        LIMIT :limit_of_app
        FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE app.request_url IS NOT NULL
    LIMIT :limit
)

UPDATE messaging.app_event
SET
    state = 'sent',
    attempt_count = attempt_count + 1,
    sent_at = now(),
    sent_by = :sent_by,
    due_at = now() + :ack_within::interval
FROM due
WHERE app_event.app_event_id = due.app_event_id
RETURNING app_event.*;

-- name: app_event_count_waiting$
-- Count what apps haven't taken yet, up to a limit.
SELECT count(*)
FROM (
    SELECT
    FROM messaging.app_event
    WHERE due_at IS NOT NULL
    LIMIT :limit
) AS counted;

-- name: app_event_delete!
-- Forget what need not be told any more.
DELETE FROM messaging.app_event
WHERE app_event_id = :app_event_id;

-- name: app_event_delete_finished!
-- Forget what is over for some time.
DELETE FROM messaging.app_event
WHERE app_event_id IN (
    SELECT app_event_id
    FROM messaging.app_event
    WHERE finished_at < now() - :failed_kept::interval
        OR (finished_at < now() - :delivered_kept::interval AND state = 'delivered')
    LIMIT :limit
);

-- name: app_event_expire
-- Write that no acknowledgement came in time: another attempt follows, or none is left.
WITH late AS (
    SELECT
        app_event_id,
        attempt_count < CASE WHEN kind = 'event' THEN :attempts_max::integer ELSE :ask_attempts_max::integer END
            AS has_more
    FROM messaging.app_event
    WHERE due_at <= now() AND state = 'sent'
    FOR UPDATE SKIP LOCKED
)

UPDATE messaging.app_event
SET
    state = CASE WHEN late.has_more THEN 'retrying' ELSE 'failed' END,
    due_at = CASE WHEN late.has_more THEN now() + (:delays::interval[])[attempt_count] END,
    finished_at = CASE WHEN late.has_more THEN NULL ELSE now() END,
    error = 'timeout'
FROM late
WHERE app_event.app_event_id = late.app_event_id
RETURNING app_event.*;

-- name: app_event_fail_old!
-- Give up what couldn't be sent for too long.
UPDATE messaging.app_event
SET
    state = 'failed',
    due_at = NULL,
    finished_at = now(),
    error = CASE WHEN state = 'queued' THEN 'not_connected' ELSE error END
WHERE due_at IS NOT NULL
    AND state IN ('queued', 'retrying')
    AND created_at < now() - :age::interval;

-- name: app_event_fail_unfinished!
-- Give up all that an app hasn't taken yet.
UPDATE messaging.app_event
SET
    state = 'failed',
    due_at = NULL,
    finished_at = now(),
    error = :error
WHERE app_id = :app_id AND due_at IS NOT NULL;

-- name: app_event_finish!
-- Write how an attempt has ended, unless somebody else has taken it in the meantime.
UPDATE messaging.app_event
SET
    state = :state,
    due_at = now() + :due_in::interval,
    error = :error,
    finished_at = CASE WHEN :due_in::interval IS NULL THEN now() END
WHERE app_event_id = :app_event_id
    AND state = 'sent'
    AND sent_by = :sent_by
    AND attempt_count = :attempt_count;

-- name: app_event_insert_many!
-- Record what apps are told.
INSERT INTO messaging.app_event (
    app_event_id,
    app_id,
    transport,
    kind,
    type,
    channel_id,
    sequence,
    payload,
    state,
    due_at
)
SELECT
    told.app_event_id,
    told.app_id,
    told.transport,
    told.kind,
    told.type,
    :channel_id,
    :sequence,
    :payload::text::jsonb,
    'queued',
    now()
FROM unnest(
    :app_event_ids::uuid[],
    :app_ids::uuid[],
    :transports::text[],
    :kinds::text[],
    :types::text[]
) AS told (app_event_id, app_id, transport, kind, type);

-- name: app_event_list
-- Read a page of what an app is told, latest first.
SELECT *
FROM messaging.app_event
WHERE app_id = :app_id
    AND (:before::uuid IS NULL OR app_event_id < :before)
    AND (:state::text IS NULL OR state = :state)
ORDER BY app_event_id DESC
LIMIT :limit;

-- name: app_event_list_due
-- Read the apps whose connections have something to send again.
SELECT DISTINCT app_id
FROM messaging.app_event
WHERE due_at <= now() AND state = 'retrying';

-- name: app_event_return
-- Let another connection send at once what a connection that has ended had sent, and that wasn't acknowledged.
UPDATE messaging.app_event
SET
    state = 'retrying',
    due_at = now(),
    error = 'connection_closed'
WHERE app_id = :app_id
    AND due_at IS NOT NULL
    AND state = 'sent'
    AND sent_by = :sent_by
    AND attempt_count < :attempts_max
RETURNING app_event_id;

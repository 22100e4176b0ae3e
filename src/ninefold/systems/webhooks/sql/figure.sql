-- name: figure_add!
-- Add what a worker has counted in one minute or hour to the rows of subscriptions and organisations.
-- The rows are written in the order of the key, so that two workers don't wait for each other.
INSERT INTO webhooks.figure (
    organisation_id,
    subscription_id,
    event_type,
    step_s,
    starts_at,
    succeeded_attempts,
    failed_attempts,
    retried_attempts,
    attempt_durations,
    delivery_times
)
SELECT
    counted.organisation_id,
    counted.subscription_id,
    counted.event_type,
    :step_s,
    :starts_at,
    counted.succeeded_attempts,
    counted.failed_attempts,
    counted.retried_attempts,
    counted.attempt_durations,
    counted.delivery_times
FROM json_to_recordset(:counted::json) AS counted (
    organisation_id uuid,
    subscription_id uuid,
    event_type text,
    succeeded_attempts bigint,
    failed_attempts bigint,
    retried_attempts bigint,
    attempt_durations integer [],
    delivery_times integer []
)
ORDER BY
    counted.organisation_id,
    counted.subscription_id,
    counted.event_type
ON CONFLICT (organisation_id, subscription_id, event_type, step_s, starts_at) DO UPDATE
SET
    succeeded_attempts = figure.succeeded_attempts + excluded.succeeded_attempts,
    failed_attempts = figure.failed_attempts + excluded.failed_attempts,
    retried_attempts = figure.retried_attempts + excluded.retried_attempts,
    attempt_durations = (
        SELECT array_agg(pair.earlier + pair.added ORDER BY pair.position)
        FROM unnest(figure.attempt_durations, excluded.attempt_durations)
        WITH ORDINALITY AS pair (earlier, added, position)
    ),
    delivery_times = (
        SELECT array_agg(pair.earlier + pair.added ORDER BY pair.position)
        FROM unnest(figure.delivery_times, excluded.delivery_times)
        WITH ORDINALITY AS pair (earlier, added, position)
    );

-- name: figure_delete_before$
-- Delete some rows of a step that start before a time; return how many.
WITH deleted AS (
    DELETE FROM webhooks.figure
    WHERE (organisation_id, subscription_id, event_type, step_s, starts_at) IN (
        SELECT
            organisation_id,
            subscription_id,
            event_type,
            step_s,
            starts_at
        FROM webhooks.figure
        WHERE step_s = :step_s
            AND starts_at < :before
        ORDER BY starts_at
        LIMIT :limit
    )
    RETURNING 1
)

SELECT count(*)
FROM deleted;

-- name: figure_list
-- Read the figures of a subscription, of an event type or of the whole organisation in some time, oldest first.
SELECT
    starts_at,
    succeeded_attempts,
    failed_attempts,
    retried_attempts,
    attempt_durations,
    delivery_times
FROM webhooks.figure
WHERE organisation_id = :organisation_id
    AND subscription_id = :subscription_id
    AND event_type = :event_type
    AND step_s = :step_s
    AND starts_at >= :since
    AND starts_at < :until
ORDER BY starts_at;

-- name: figure_list_by_event_type
-- Read the figures of each event type of a subscription or of the whole organisation in some time.
SELECT
    listed.event_type,
    figure.starts_at,
    figure.succeeded_attempts,
    figure.failed_attempts,
    figure.retried_attempts,
    figure.attempt_durations,
    figure.delivery_times
FROM webhooks.figured_type AS listed
INNER JOIN webhooks.figure
    ON figure.organisation_id = listed.organisation_id
    AND figure.subscription_id = listed.subscription_id
    AND figure.event_type = listed.event_type
WHERE listed.organisation_id = :organisation_id
    AND listed.subscription_id = :subscription_id
    AND figure.step_s = :step_s
    AND figure.starts_at >= :since
    AND figure.starts_at < :until
ORDER BY listed.event_type;

-- name: figure_list_evaluated
-- Read the minutes of all organisations from a time on: of all event types, and of those that alerts are sent as.
SELECT
    organisation_id,
    event_type,
    starts_at,
    succeeded_attempts,
    failed_attempts,
    retried_attempts,
    attempt_durations,
    delivery_times
FROM webhooks.figure
WHERE step_s = 60
    AND subscription_id = '00000000-0000-0000-0000-000000000000'
    AND event_type IN ('', 'ninefold.alert.fired', 'ninefold.alert.resolved')
    AND starts_at >= :since
ORDER BY organisation_id;

-- name: figure_sum_by_subscription
-- Add up the attempts of each subscription by minutes from a time on, :width_s seconds a sum.
-- Position 0 is the first sum. Each subscription is one range of the primary key; without LATERAL, the planner would
-- rather read the figures of all minutes.
SELECT
    subscription.subscription_id,
    summed.position,
    summed.succeeded_attempts,
    summed.failed_attempts
FROM webhooks.subscription
CROSS JOIN LATERAL (
    SELECT
        floor(extract(EPOCH FROM figure.starts_at - :since) / :width_s::integer)::integer AS position,
        sum(figure.succeeded_attempts)::bigint AS succeeded_attempts,
        sum(figure.failed_attempts)::bigint AS failed_attempts
    FROM webhooks.figure
    WHERE figure.organisation_id = :organisation_id
        AND figure.subscription_id = subscription.subscription_id
        AND figure.event_type = ''
        AND figure.step_s = 60
        AND figure.starts_at >= :since
    GROUP BY 1
) AS summed
WHERE subscription.organisation_id = :organisation_id
    AND subscription.deleted_at IS NULL;

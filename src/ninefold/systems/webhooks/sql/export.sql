-- name: export_list_events
-- Read events of an organisation after an id, in this order, each as JSON with its deliveries and their attempts.
-- Bytes, such as the payload, are in hexadecimal.
SELECT
    event.event_id AS position,
    (
        to_jsonb(event) - 'leased_by'
        || jsonb_build_object(
            'deliveries',
            (
                SELECT coalesce(jsonb_agg(of_event.line ORDER BY of_event.delivery_id), '[]')
                FROM (
                    SELECT
                        delivery.delivery_id,
                        to_jsonb(delivery) - 'leased_by'
                        || jsonb_build_object(
                            'earlier_attempts',
                            (
                                SELECT coalesce(
                                    jsonb_agg(to_jsonb(earlier_attempt) ORDER BY earlier_attempt.attempt_number), '[]'
                                )
                                FROM webhooks.earlier_attempt
                                WHERE earlier_attempt.delivery_id = delivery.delivery_id
                            )
                        ) AS line
                    FROM webhooks.delivery
                    WHERE delivery.event_id = event.event_id
                        AND delivery.delivery_id >= webhooks.first_id_of_time(event.event_id)
                        AND delivery.delivery_id <= webhooks.last_id_of_time(event.event_id)
                ) AS of_event
            )
        )
    )::text AS line
FROM webhooks.event
WHERE event.organisation_id = :organisation_id
    AND event.event_id > :after
ORDER BY event.event_id
LIMIT :limit;

-- name: export_list_subscriptions
-- Read subscriptions of an organisation after an id, also deleted ones, in this order, each as JSON without its secrets.
SELECT
    subscription_id AS position,
    to_jsonb(subscription)::text AS line
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND subscription_id > :after
ORDER BY subscription_id
LIMIT :limit;

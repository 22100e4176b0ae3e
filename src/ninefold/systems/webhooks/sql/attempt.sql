-- name: attempt_list
-- Read the last attempts of each of these deliveries, oldest first.
SELECT
    recent.delivery_id,
    recent.attempt_number,
    recent.attempted_at,
    recent.duration_ms,
    recent.response_status,
    recent.response_body,
    recent.is_response_body_truncated,
    recent.error_class,
    recent.error_detail
FROM unnest(:delivery_ids::uuid[]) AS wanted (delivery_id)
CROSS JOIN LATERAL (
    SELECT
        attempt.delivery_id,
        attempt.attempt_number,
        attempt.attempted_at,
        attempt.duration_ms,
        attempt.response_status,
        attempt.response_body,
        attempt.is_response_body_truncated,
        attempt.error_class,
        attempt.error_detail
    FROM webhooks.attempt
    WHERE attempt.delivery_id = wanted.delivery_id
    ORDER BY attempt.attempt_number DESC
    LIMIT :attempts_max
) AS recent
ORDER BY
    recent.delivery_id,
    recent.attempt_number;

-- name: intent_event_list
-- Read the timeline of a payment.
SELECT *
FROM payments.intent_event
WHERE intent_id = :intent_id
ORDER BY version
LIMIT :limit;

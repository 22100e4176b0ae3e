-- name: payment_search_find_end$
-- Find the last payment that a search looks at, newest first; NULL if there are no more than it looks at.
SELECT intent_id
FROM payments.intent
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:state::text IS NULL OR state = :state)
    AND (:before::uuid IS NULL OR intent_id < :before)
ORDER BY intent_id DESC
OFFSET :looked_max - 1
LIMIT 1;

-- name: payment_search_list
-- Read payments with a text in their description, or as a value of their metadata or the processor's reference.
SELECT *
FROM payments.intent
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:state::text IS NULL OR state = :state)
    AND (:before::uuid IS NULL OR intent_id < :before)
    AND (:end::uuid IS NULL OR intent_id >= :end)
    AND (
        strpos(lower(description), lower(:text)) > 0
        OR EXISTS (SELECT FROM jsonb_each_text(metadata) AS pair WHERE pair.value = :text)
        OR EXISTS (
            SELECT FROM payments.attempt
            WHERE attempt.intent_id = intent.intent_id AND attempt.processor_reference = :text
        )
    )
ORDER BY intent_id DESC
LIMIT :limit;

-- name: payment_search_list_by_id
-- Read the payment with an id, or that of a charge, a refund or a call to the processor.
SELECT *
FROM payments.intent
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:state::text IS NULL OR state = :state)
    AND intent_id IN (
        SELECT :id::uuid
        UNION ALL
        SELECT attempt.intent_id FROM payments.attempt WHERE attempt.attempt_id = :id
        UNION ALL
        SELECT refund.intent_id FROM payments.refund WHERE refund.refund_id = :id
    );

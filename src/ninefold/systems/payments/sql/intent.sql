-- name: intent_find^
-- Read one payment of an organisation.
SELECT *
FROM payments.intent
WHERE intent_id = :intent_id AND organisation_id = :organisation_id;

-- name: intent_find_of_merchant^
-- Read one payment of a merchant.
SELECT *
FROM payments.intent
WHERE intent_id = :intent_id AND merchant_id = :merchant_id;

-- name: intent_list
-- Read the payments of an organisation, newest first, before a position.
SELECT *
FROM payments.intent
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:state::text IS NULL OR state = :state)
    AND (:before::uuid IS NULL OR intent_id < :before)
ORDER BY intent_id DESC
LIMIT :limit;

-- name: intent_list_expired
-- Read payments that were authorised and not captured in time.
SELECT intent_id
FROM payments.intent
WHERE state = 'requires_capture' AND capture_before <= :at
ORDER BY capture_before
LIMIT :limit;

-- name: intent_list_of_merchant
-- Read a page of the payments of a merchant.
SELECT *
FROM payments.intent
WHERE
    merchant_id = :merchant_id
    AND (:customer_id::uuid IS NULL OR customer_id = :customer_id)
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR intent_id < :older_than)
    AND (:newer_than::uuid IS NULL OR intent_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN intent_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN intent_id END DESC
LIMIT :limit;

-- name: intent_load
-- Read payments that are locked with all that a step may change, each for an attempt or none: the rows as columns.
SELECT
    intent,
    merchant,
    attempt,
    charge,
    refund,
    payment_method
FROM unnest(:intent_ids::uuid[], :attempt_ids::uuid[]) AS wanted (intent_id, attempt_id)
INNER JOIN payments.intent USING (intent_id)
INNER JOIN payments.merchant USING (merchant_id)
LEFT JOIN payments.attempt ON attempt.attempt_id = wanted.attempt_id AND attempt.intent_id = intent.intent_id
LEFT JOIN payments.charge
    ON
        charge.charge_id = CASE attempt.operation
            WHEN 'authorise' THEN attempt.attempt_id
            ELSE coalesce(attempt.charge_id, intent.latest_charge_id)
        END
LEFT JOIN payments.refund ON refund.refund_id = attempt.refund_id
LEFT JOIN payments.payment_method ON payment_method.payment_method_id = intent.payment_method_id;

-- name: intent_lock
-- Lock payments until the end of the transaction, in the order of their ids, so that none waits for the other forever.
SELECT intent_id
FROM payments.intent
WHERE intent_id = ANY(:intent_ids::uuid[])
ORDER BY intent_id
FOR NO KEY UPDATE;

-- name: charge_find^
-- Read one charge of a merchant.
SELECT *
FROM payments.charge
WHERE charge_id = :charge_id AND merchant_id = :merchant_id;

-- name: charge_list_of_intent
-- Read the charges of a payment, oldest first.
SELECT *
FROM payments.charge
WHERE intent_id = :intent_id
ORDER BY charge_id
LIMIT :limit;

-- name: charge_list_of_merchant
-- Read a page of the charges of a merchant.
SELECT *
FROM payments.charge
WHERE
    merchant_id = :merchant_id
    AND (:intent_id::uuid IS NULL OR intent_id = :intent_id)
    AND (
        :customer_id::uuid IS NULL
        OR intent_id IN (
            SELECT intent_id
            FROM payments.intent
            WHERE customer_id = :customer_id
        )
    )
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR charge_id < :older_than)
    AND (:newer_than::uuid IS NULL OR charge_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN charge_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN charge_id END DESC
LIMIT :limit;

-- name: charge_list_refunded
-- Read what payments were refunded, by payment; those that weren't are left out.
SELECT
    intent_id,
    sum(amount_refunded)::bigint AS amount
FROM payments.charge
WHERE intent_id = ANY(:intent_ids::uuid []) AND amount_refunded > 0
GROUP BY intent_id;

-- name: charge_set_metadata!
-- Set the metadata of a charge.
UPDATE payments.charge
SET metadata = :metadata::text::jsonb
WHERE charge_id = :charge_id;

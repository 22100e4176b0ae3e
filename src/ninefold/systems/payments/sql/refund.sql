-- name: refund_find^
-- Read one refund of a merchant.
SELECT *
FROM payments.refund
WHERE refund_id = :refund_id AND merchant_id = :merchant_id;

-- name: refund_list_of_intent
-- Read the refunds of a payment, oldest first.
SELECT *
FROM payments.refund
WHERE intent_id = :intent_id
ORDER BY refund_id
LIMIT :limit;

-- name: refund_list_of_merchant
-- Read a page of the refunds of a merchant.
SELECT *
FROM payments.refund
WHERE
    merchant_id = :merchant_id
    AND (:intent_id::uuid IS NULL OR intent_id = :intent_id)
    AND (:charge_id::uuid IS NULL OR charge_id = :charge_id)
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR refund_id < :older_than)
    AND (:newer_than::uuid IS NULL OR refund_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN refund_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN refund_id END DESC
LIMIT :limit;

-- name: refund_set_metadata!
-- Set the metadata of a refund.
UPDATE payments.refund
SET metadata = :metadata::text::jsonb
WHERE refund_id = :refund_id;

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

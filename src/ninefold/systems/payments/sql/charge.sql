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

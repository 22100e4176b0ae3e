-- name: settled_day_find$
-- Read until which day a merchant is settled.
SELECT day
FROM payments.settled_day
WHERE merchant_id = :merchant_id;

-- name: settled_day_find_merchant^
-- Read a merchant, and until which day it is settled.
SELECT
    merchant.*,
    settled_day.day AS settled_day
FROM payments.merchant
LEFT JOIN payments.settled_day USING (merchant_id)
WHERE merchant.merchant_id = :merchant_id;

-- name: settled_day_list
-- Read merchants, and until which day they are settled, from a position.
SELECT
    merchant.*,
    settled_day.day AS settled_day
FROM payments.merchant
LEFT JOIN payments.settled_day USING (merchant_id)
WHERE :after::uuid IS NULL OR merchant.merchant_id > :after
ORDER BY merchant.merchant_id
LIMIT :limit;

-- name: settled_day_list_organisations
-- Read the organisations that have merchants.
SELECT DISTINCT organisation_id
FROM payments.merchant
ORDER BY organisation_id;

-- name: settled_day_update!
-- Write until which day a merchant is settled; it never goes back.
INSERT INTO payments.settled_day (merchant_id, day)
VALUES (:merchant_id, :day)
ON CONFLICT (merchant_id) DO UPDATE
    SET day = greatest(settled_day.day, excluded.day);

-- name: merchant_key_find$
-- Read the merchant of a key.
SELECT merchant_id
FROM payments.merchant_key
WHERE credential_id = :credential_id;

-- name: merchant_key_insert!
-- Say whose a new key is.
INSERT INTO payments.merchant_key (credential_id, merchant_id)
VALUES (:credential_id, :merchant_id);

-- name: merchant_key_list
-- Read the keys of a merchant, oldest first.
SELECT credential_id
FROM payments.merchant_key
WHERE merchant_id = :merchant_id
ORDER BY credential_id
LIMIT :limit;

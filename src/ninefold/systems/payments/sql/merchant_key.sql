-- name: merchant_key_find$
-- Read the merchant of a key.
SELECT merchant_id
FROM payments.merchant_key
WHERE credential_id = :credential_id;

-- name: merchant_key_insert!
-- Say whose a new key is.
INSERT INTO payments.merchant_key (credential_id, merchant_id)
VALUES (:credential_id, :merchant_id);

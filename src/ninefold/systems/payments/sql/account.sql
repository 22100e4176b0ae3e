-- name: account_find^
-- Read one account of an organisation.
SELECT *
FROM payments.account
WHERE account_id = :account_id AND organisation_id = :organisation_id;

-- name: account_list
-- Read the accounts of an organisation, or of one merchant, in the order of their ids.
SELECT *
FROM payments.account
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:after::uuid IS NULL OR account_id > :after)
ORDER BY account_id
LIMIT :limit;

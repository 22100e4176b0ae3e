-- name: balance_transaction_find^
-- Read one change of a merchant's balance.
SELECT *
FROM payments.balance_transaction
WHERE balance_transaction_id = :balance_transaction_id AND merchant_id = :merchant_id;

-- name: balance_transaction_list
-- Read a page of the changes of a merchant's balance.
SELECT *
FROM payments.balance_transaction
WHERE
    merchant_id = :merchant_id
    AND (:type::text IS NULL OR type = :type)
    AND (:currency::text IS NULL OR currency = :currency)
    AND (:source_id::uuid IS NULL OR source_id = :source_id)
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR balance_transaction_id < :older_than)
    AND (:newer_than::uuid IS NULL OR balance_transaction_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN balance_transaction_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN balance_transaction_id END DESC
LIMIT :limit;

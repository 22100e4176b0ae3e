-- name: customer_find^
-- Read one customer of a merchant, also a deleted one.
SELECT *
FROM payments.customer
WHERE customer_id = :customer_id AND merchant_id = :merchant_id;

-- name: customer_list
-- Read a page of the customers of a merchant that aren't deleted.
SELECT *
FROM payments.customer
WHERE
    merchant_id = :merchant_id
    AND deleted_at IS NULL
    AND (:email::text IS NULL OR email = :email)
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR customer_id < :older_than)
    AND (:newer_than::uuid IS NULL OR customer_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN customer_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN customer_id END DESC
LIMIT :limit;

-- name: customer_save!
-- Store a customer.
INSERT INTO payments.customer (
    customer_id,
    merchant_id,
    email,
    name,
    phone,
    description,
    metadata,
    default_payment_method_id,
    created_at,
    deleted_at
)
VALUES (
    :customer_id,
    :merchant_id,
    :email,
    :name,
    :phone,
    :description,
    :metadata::text::jsonb,
    :default_payment_method_id,
    :created_at,
    :deleted_at
)
ON CONFLICT (customer_id) DO UPDATE
SET
    email = excluded.email,
    name = excluded.name,
    phone = excluded.phone,
    description = excluded.description,
    metadata = excluded.metadata,
    default_payment_method_id = excluded.default_payment_method_id,
    deleted_at = excluded.deleted_at;

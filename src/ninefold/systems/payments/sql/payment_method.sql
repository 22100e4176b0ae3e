-- name: payment_method_find^
-- Read one payment method of a merchant.
SELECT *
FROM payments.payment_method
WHERE payment_method_id = :payment_method_id AND merchant_id = :merchant_id;

-- name: payment_method_insert!
-- Insert a payment method.
INSERT INTO payments.payment_method (
    payment_method_id,
    merchant_id,
    customer_id,
    token,
    brand,
    last4,
    exp_month,
    exp_year,
    funding,
    country,
    billing_details,
    metadata,
    created_at
)
VALUES (
    :payment_method_id,
    :merchant_id,
    :customer_id,
    :token,
    :brand,
    :last4,
    :exp_month,
    :exp_year,
    :funding,
    :country,
    :billing_details::text::jsonb,
    :metadata::text::jsonb,
    :created_at
);

-- name: payment_method_list_of_merchant
-- Read a page of the payment methods of a merchant.
SELECT *
FROM payments.payment_method
WHERE
    merchant_id = :merchant_id
    AND (:customer_id::uuid IS NULL OR customer_id = :customer_id)
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR payment_method_id < :older_than)
    AND (:newer_than::uuid IS NULL OR payment_method_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN payment_method_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN payment_method_id END DESC
LIMIT :limit;

-- name: payment_method_update!
-- Store what can change of a payment method.
UPDATE payments.payment_method
SET
    customer_id = :customer_id,
    exp_month = :exp_month,
    exp_year = :exp_year,
    billing_details = :billing_details::text::jsonb,
    metadata = :metadata::text::jsonb
WHERE payment_method_id = :payment_method_id;

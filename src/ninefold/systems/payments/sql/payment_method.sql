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

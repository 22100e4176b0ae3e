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

-- name: charge_list_of_merchant
-- Read a page of the charges of a merchant.
SELECT *
FROM payments.charge
WHERE
    merchant_id = :merchant_id
    AND (:intent_id::uuid IS NULL OR intent_id = :intent_id)
    AND (
        :customer_id::uuid IS NULL
        OR intent_id IN (
            SELECT intent_id
            FROM payments.intent
            WHERE customer_id = :customer_id
        )
    )
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR charge_id < :older_than)
    AND (:newer_than::uuid IS NULL OR charge_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN charge_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN charge_id END DESC
LIMIT :limit;

-- name: charge_save!
-- Store a charge after a step.
INSERT INTO payments.charge (
    charge_id,
    organisation_id,
    merchant_id,
    intent_id,
    payment_method_id,
    state,
    amount,
    currency,
    amount_captured,
    amount_refunded,
    amount_refunding,
    fee,
    reserve,
    hold_id,
    processor_reference,
    error_code,
    decline_code,
    error_message,
    created_at,
    captured_at,
    available_at,
    released_at,
    voided_at,
    metadata
)
VALUES (
    :charge_id,
    :organisation_id,
    :merchant_id,
    :intent_id,
    :payment_method_id,
    :state,
    :amount,
    :currency,
    :amount_captured,
    :amount_refunded,
    :amount_refunding,
    :fee,
    :reserve,
    :hold_id,
    :processor_reference,
    :error_code,
    :decline_code,
    :error_message,
    :created_at,
    :captured_at,
    :available_at,
    :released_at,
    :voided_at,
    :metadata::text::jsonb
)
ON CONFLICT (charge_id) DO UPDATE
SET
    state = excluded.state,
    amount_captured = excluded.amount_captured,
    amount_refunded = excluded.amount_refunded,
    amount_refunding = excluded.amount_refunding,
    fee = excluded.fee,
    reserve = excluded.reserve,
    hold_id = excluded.hold_id,
    processor_reference = excluded.processor_reference,
    error_code = excluded.error_code,
    decline_code = excluded.decline_code,
    error_message = excluded.error_message,
    captured_at = excluded.captured_at,
    available_at = excluded.available_at,
    released_at = excluded.released_at,
    voided_at = excluded.voided_at;

-- name: charge_set_metadata!
-- Set the metadata of a charge.
UPDATE payments.charge
SET metadata = :metadata::text::jsonb
WHERE charge_id = :charge_id;

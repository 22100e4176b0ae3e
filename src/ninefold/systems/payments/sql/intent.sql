-- name: intent_find^
-- Read one payment of an organisation.
SELECT *
FROM payments.intent
WHERE intent_id = :intent_id AND organisation_id = :organisation_id;

-- name: intent_find_of_merchant^
-- Read one payment of a merchant.
SELECT *
FROM payments.intent
WHERE intent_id = :intent_id AND merchant_id = :merchant_id;

-- name: intent_insert!
-- Insert a payment, with the first entry of its timeline.
WITH first AS (
    INSERT INTO payments.intent_event (intent_id, version, type, at)
    VALUES (:intent_id, 1, 'created', :created_at)
)
INSERT INTO payments.intent (
    intent_id,
    organisation_id,
    merchant_id,
    state,
    amount,
    currency,
    capture_method,
    customer_id,
    payment_method_id,
    client_secret,
    description,
    receipt_email,
    statement_descriptor,
    metadata,
    created_at,
    updated_at
)
VALUES (
    :intent_id,
    :organisation_id,
    :merchant_id,
    :state,
    :amount,
    :currency,
    :capture_method,
    :customer_id,
    :payment_method_id,
    :client_secret,
    :description,
    :receipt_email,
    :statement_descriptor,
    :metadata::text::jsonb,
    :created_at,
    :created_at
);

-- name: intent_list
-- Read the payments of an organisation, newest first, before a position.
SELECT *
FROM payments.intent
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:state::text IS NULL OR state = :state)
    AND (:before::uuid IS NULL OR intent_id < :before)
ORDER BY intent_id DESC
LIMIT :limit;

-- name: intent_list_expired
-- Read payments that were authorised and not captured in time.
SELECT intent_id
FROM payments.intent
WHERE state = 'requires_capture' AND capture_before <= :at
ORDER BY capture_before
LIMIT :limit;

-- name: intent_load^
-- Read a payment that is locked with all that a step may change: the rows as columns.
SELECT
    intent,
    merchant,
    attempt,
    charge,
    refund,
    payment_method
FROM payments.intent
INNER JOIN payments.merchant USING (merchant_id)
LEFT JOIN payments.attempt ON attempt.attempt_id = :attempt_id AND attempt.intent_id = intent.intent_id
LEFT JOIN payments.charge ON charge.charge_id = coalesce(attempt.charge_id, attempt.attempt_id, intent.latest_charge_id)
LEFT JOIN payments.refund ON refund.refund_id = attempt.refund_id
LEFT JOIN payments.payment_method ON payment_method.payment_method_id = intent.payment_method_id
WHERE intent.intent_id = :intent_id;

-- name: intent_lock$
-- Lock a payment until the end of the transaction.
SELECT TRUE
FROM payments.intent
WHERE intent_id = :intent_id
FOR NO KEY UPDATE;

-- name: intent_save!
-- Store a payment after a step, with the next entry of its timeline.
WITH next AS (
    INSERT INTO payments.intent_event (intent_id, version, type, at, detail)
    VALUES (:intent_id, :version, :event_type, :updated_at, :event_detail::text::jsonb)
)
UPDATE payments.intent
SET
    state = :state,
    amount = :amount,
    currency = :currency,
    capture_method = :capture_method,
    amount_capturable = :amount_capturable,
    amount_received = :amount_received,
    customer_id = :customer_id,
    payment_method_id = :payment_method_id,
    latest_charge_id = :latest_charge_id,
    description = :description,
    receipt_email = :receipt_email,
    statement_descriptor = :statement_descriptor,
    metadata = :metadata::text::jsonb,
    action_url = :action_url,
    error_code = :error_code,
    decline_code = :decline_code,
    error_message = :error_message,
    in_doubt_since = :in_doubt_since,
    capture_before = :capture_before,
    cancel_reason = :cancel_reason,
    canceled_at = :canceled_at,
    updated_at = :updated_at,
    version = :version
WHERE intent_id = :intent_id;

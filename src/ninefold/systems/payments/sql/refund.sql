-- name: refund_find^
-- Read one refund of a merchant.
SELECT *
FROM payments.refund
WHERE refund_id = :refund_id AND merchant_id = :merchant_id;

-- name: refund_list_of_intent
-- Read the refunds of a payment, oldest first.
SELECT *
FROM payments.refund
WHERE intent_id = :intent_id
ORDER BY refund_id
LIMIT :limit;

-- name: refund_save!
-- Store a refund after a step.
INSERT INTO payments.refund (
    refund_id,
    organisation_id,
    merchant_id,
    intent_id,
    charge_id,
    state,
    amount,
    currency,
    reason,
    failure_reason,
    metadata,
    created_at,
    finished_at
)
VALUES (
    :refund_id,
    :organisation_id,
    :merchant_id,
    :intent_id,
    :charge_id,
    :state,
    :amount,
    :currency,
    :reason,
    :failure_reason,
    :metadata::text::jsonb,
    :created_at,
    :finished_at
)
ON CONFLICT (refund_id) DO UPDATE
SET
    state = excluded.state,
    failure_reason = excluded.failure_reason,
    metadata = excluded.metadata,
    finished_at = excluded.finished_at;

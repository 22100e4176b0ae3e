-- name: attempt_find_by_id^
-- Read one attempt of any organisation.
SELECT *
FROM payments.attempt
WHERE attempt_id = :attempt_id;

-- name: attempt_find_waiting^
-- Read the attempt of a payment whose customer has to authenticate.
SELECT *
FROM payments.attempt
WHERE intent_id = :intent_id AND state = 'waiting_for_customer'
ORDER BY attempt_id DESC
LIMIT 1;

-- name: attempt_list_of_intent
-- Read the attempts of a payment, oldest first.
SELECT *
FROM payments.attempt
WHERE intent_id = :intent_id
ORDER BY attempt_id
LIMIT :limit;

-- name: attempt_save!
-- Store an attempt before the call, or after a step.
INSERT INTO payments.attempt (
    attempt_id,
    organisation_id,
    merchant_id,
    intent_id,
    charge_id,
    refund_id,
    processor,
    operation,
    state,
    amount,
    currency,
    cancel_reason,
    authorisation_reference,
    processor_reference,
    error_code,
    error_message,
    created_at,
    finished_at,
    in_doubt_since,
    inquiry_count,
    next_inquiry_at,
    deadline_at,
    evidence_kind,
    evidence,
    closed_by
)
VALUES (
    :attempt_id,
    :organisation_id,
    :merchant_id,
    :intent_id,
    :charge_id,
    :refund_id,
    :processor,
    :operation,
    :state,
    :amount,
    :currency,
    :cancel_reason,
    :authorisation_reference,
    :processor_reference,
    :error_code,
    :error_message,
    :created_at,
    :finished_at,
    :in_doubt_since,
    :inquiry_count,
    :next_inquiry_at,
    :deadline_at,
    :evidence_kind,
    :evidence,
    :closed_by
)
ON CONFLICT (attempt_id) DO UPDATE
SET
    state = excluded.state,
    processor_reference = excluded.processor_reference,
    error_code = excluded.error_code,
    error_message = excluded.error_message,
    finished_at = excluded.finished_at,
    in_doubt_since = excluded.in_doubt_since,
    inquiry_count = excluded.inquiry_count,
    next_inquiry_at = excluded.next_inquiry_at,
    deadline_at = excluded.deadline_at,
    evidence_kind = excluded.evidence_kind,
    evidence = excluded.evidence,
    closed_by = excluded.closed_by;

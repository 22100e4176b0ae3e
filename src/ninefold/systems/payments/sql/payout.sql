-- name: payout_find^
-- Read one payout of an organisation.
SELECT *
FROM payments.payout
WHERE payout_id = :payout_id AND organisation_id = :organisation_id;

-- name: payout_find_of_batch^
-- Read the payout of a batch.
SELECT *
FROM payments.payout
WHERE batch_id = :batch_id;

-- name: payout_find_of_merchant^
-- Read one payout of a merchant.
SELECT *
FROM payments.payout
WHERE payout_id = :payout_id AND merchant_id = :merchant_id;

-- name: payout_insert!
-- Insert a payout; nothing changes when its batch has one.
INSERT INTO payments.payout (
    payout_id,
    organisation_id,
    merchant_id,
    batch_id,
    currency,
    amount,
    state,
    method,
    reference,
    bank_last4,
    arrival_date,
    statement_descriptor,
    created_at
)
VALUES (
    :payout_id,
    :organisation_id,
    :merchant_id,
    :batch_id,
    :currency,
    :amount,
    'pending',
    :method,
    :reference,
    :bank_last4,
    :arrival_date,
    :statement_descriptor,
    :created_at
)
ON CONFLICT (batch_id) DO NOTHING;

-- name: payout_list
-- Read payouts of an organisation, newest first.
SELECT *
FROM payments.payout
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:state::text IS NULL OR state = :state)
    AND (:before::uuid IS NULL OR payout_id < :before)
ORDER BY payout_id DESC
LIMIT :limit;

-- name: payout_list_candidates
-- Read the payouts in transit of an amount, which arrive within some days of a day.
SELECT *
FROM payments.payout
WHERE
    organisation_id = :organisation_id
    AND state = 'in_transit'
    AND currency = :currency
    AND amount = :amount
    AND arrival_date BETWEEN :earliest AND :latest
    AND NOT EXISTS (
        SELECT 1
        FROM payments.statement_line
        WHERE statement_line.payout_id = payout.payout_id AND statement_line.kind = 'entry'
    )
ORDER BY payout_id
LIMIT :limit;

-- name: payout_list_of_bank_file
-- Read the payouts in a bank file.
SELECT *
FROM payments.payout
WHERE bank_file_id = :bank_file_id
ORDER BY payout_id;

-- name: payout_list_of_batches
-- Read the payouts of batches.
SELECT *
FROM payments.payout
WHERE batch_id = ANY(:batch_ids::uuid []);

-- name: payout_list_of_merchant
-- Read a page of the payouts of a merchant.
SELECT *
FROM payments.payout
WHERE
    merchant_id = :merchant_id
    AND (:state::text IS NULL OR state = :state)
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR payout_id < :older_than)
    AND (:newer_than::uuid IS NULL OR payout_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN payout_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN payout_id END DESC
LIMIT :limit;

-- name: payout_list_referenced
-- Read the payouts that these references name, by what the bank repeats or by trace number, newest first.
SELECT *
FROM payments.payout
WHERE
    organisation_id = :organisation_id
    AND (reference = ANY(:references::text []) OR trace_number = ANY(:references::text []))
ORDER BY payout_id DESC
LIMIT :limit;

-- name: payout_lock^
-- Read one payout, and keep others from changing it.
SELECT *
FROM payments.payout
WHERE payout_id = :payout_id
FOR NO KEY UPDATE;

-- name: payout_lock_to_file
-- Read the payouts of posted batches that no file has yet, by currency and method, and keep others from filing them.
SELECT payout.*
FROM payments.payout
INNER JOIN payments.batch USING (batch_id)
WHERE payout.organisation_id = :organisation_id AND batch.state = 'posted' AND payout.state = 'pending'
ORDER BY payout.currency, payout.method, payout.payout_id
LIMIT :limit
FOR NO KEY UPDATE;

-- name: payout_update_failed!
-- Write why a payout failed.
UPDATE payments.payout
SET
    state = 'failed',
    failed_at = :at,
    failure_code = :code,
    failure_message = :message
WHERE payout_id = :payout_id AND state IN ('in_transit', 'paid');

-- name: payout_update_filed!
-- Write in which file payouts are, and their trace numbers.
UPDATE payments.payout
SET
    bank_file_id = :bank_file_id,
    trace_number = filed.trace_number
FROM unnest(:payout_ids::uuid [], :trace_numbers::text []) AS filed (payout_id, trace_number)
WHERE payout.payout_id = filed.payout_id AND payout.bank_file_id IS NULL;

-- name: payout_update_in_transit!
-- Write that the payouts in a bank file are with the bank.
UPDATE payments.payout
SET
    state = 'in_transit',
    in_transit_at = :at
WHERE bank_file_id = :bank_file_id AND state = 'pending';

-- name: payout_update_paid!
-- Write that a payout is on the bank's statement.
UPDATE payments.payout
SET
    state = 'paid',
    paid_at = :at,
    paid_amount = :paid_amount
WHERE payout_id = :payout_id AND state = 'in_transit';

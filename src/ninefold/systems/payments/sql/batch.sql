-- name: batch_find^
-- Read one batch of an organisation.
SELECT *
FROM payments.batch
WHERE batch_id = :batch_id AND organisation_id = :organisation_id;

-- name: batch_find_last^
-- Read the newest batch of a merchant in a currency.
SELECT *
FROM payments.batch
WHERE merchant_id = :merchant_id AND currency = :currency
ORDER BY day DESC
LIMIT 1;

-- name: batch_find_of_day^
-- Read the batch of a merchant in a currency for a day.
SELECT *
FROM payments.batch
WHERE merchant_id = :merchant_id AND currency = :currency AND day = :day;

-- name: batch_insert^
-- Insert a computed batch, whose lines are there already.
INSERT INTO payments.batch (
    batch_id,
    organisation_id,
    merchant_id,
    currency,
    day,
    cutoff_at,
    state,
    account_id,
    after_sequence,
    last_sequence,
    opening_amount,
    line_count,
    capture_count,
    capture_amount,
    fee_amount,
    reserve_amount,
    reserve_released_amount,
    refund_count,
    refund_amount,
    returned_amount,
    correction_amount,
    payout_minimum,
    payout_amount,
    carried_amount,
    carried_reason,
    digest,
    computed_at
)
VALUES (
    :batch_id,
    :organisation_id,
    :merchant_id,
    :currency,
    :day,
    :cutoff_at,
    'computed',
    :account_id,
    :after_sequence,
    :last_sequence,
    :opening_amount,
    :line_count,
    :capture_count,
    :capture_amount,
    :fee_amount,
    :reserve_amount,
    :reserve_released_amount,
    :refund_count,
    :refund_amount,
    :returned_amount,
    :correction_amount,
    :payout_minimum,
    :payout_amount,
    :carried_amount,
    :carried_reason,
    :digest,
    :computed_at
)
RETURNING *;

-- name: batch_list
-- Read batches of an organisation, newest first.
SELECT *
FROM payments.batch
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:day::date IS NULL OR day = :day)
    AND (:state::text IS NULL OR state = :state)
    AND (:before::uuid IS NULL OR batch_id < :before)
ORDER BY batch_id DESC
LIMIT :limit;

-- name: batch_list_of_bank_file
-- Read the batches in a bank file.
SELECT *
FROM payments.batch
WHERE bank_file_id = :bank_file_id
ORDER BY batch_id;

-- name: batch_list_of_merchant_day
-- Read the batches of a merchant for a day, by currency.
SELECT *
FROM payments.batch
WHERE merchant_id = :merchant_id AND day = :day
ORDER BY currency;

-- name: batch_lock_unfinished
-- Read the unfinished batches of a merchant in a state, and keep others from going on with them.
SELECT *
FROM payments.batch
WHERE merchant_id = :merchant_id AND state = :state
ORDER BY batch_id
FOR NO KEY UPDATE;

-- name: batch_update_delivered!
-- Write that the batches in a bank file were delivered.
UPDATE payments.batch
SET
    state = 'delivered',
    delivered_at = :at
WHERE bank_file_id = :bank_file_id AND state = 'file_written';

-- name: batch_update_file_written!
-- Write in which bank file batches are.
UPDATE payments.batch
SET
    state = 'file_written',
    file_written_at = :at,
    bank_file_id = :bank_file_id
WHERE batch_id = ANY(:batch_ids::uuid []) AND state = 'posted';

-- name: batch_update_posted!
-- Write that a batch was posted; one without a payout is finished with that.
UPDATE payments.batch
SET
    state = CASE WHEN payout_amount = 0 THEN 'carried' ELSE 'posted' END,
    posted_at = :at
WHERE batch_id = :batch_id AND state = 'computed';

-- name: transfer_count_after$
-- Count the transfers of an organisation after a position.
SELECT count(*)
FROM payments.transfer
WHERE organisation_id = :organisation_id AND sequence > :after;

-- name: transfer_count_wrong_captures$
-- Count the captured charges of an organisation of which the journal has another amount.
SELECT count(*)
FROM payments.charge
LEFT JOIN payments.transfer
    ON transfer.cause_type = 'capture' AND transfer.cause_id = charge.charge_id AND transfer.leg = :held_leg
WHERE
    charge.organisation_id = :organisation_id
    AND charge.amount_captured <> coalesce(transfer.amount, 0);

-- name: transfer_count_wrong_holds$
-- Count the pending transfers that are resolved twice, or of which the list of open ones is wrong.
SELECT count(*)
FROM (
    SELECT
        pending.transfer_id,
        count(resolution.transfer_id) AS resolution_count,
        count(open_hold.pending_id) AS open_count
    FROM payments.transfer AS pending
    LEFT JOIN payments.transfer AS resolution ON resolution.pending_id = pending.transfer_id
    LEFT JOIN payments.open_hold ON open_hold.pending_id = pending.transfer_id
    WHERE pending.organisation_id = :organisation_id AND pending.kind = 'pending'
    GROUP BY pending.transfer_id
) AS holds
WHERE resolution_count + open_count <> 1;

-- name: transfer_find_position^
-- Read how far the journal is, and the first transaction that can't be in it yet.
SELECT
    coalesce((SELECT max(sequence) FROM payments.transfer), 0) AS last_sequence,
    pg_snapshot_xmax(pg_current_snapshot())::text AS next_transaction;

-- name: transfer_is_settled$
-- Return whether all transactions before one have ended.
SELECT pg_snapshot_xmin(pg_current_snapshot()) >= :transaction::text::xid8;

-- name: transfer_list_in_order
-- Read transfers of an organisation in the order of the journal.
SELECT
    transfer_id,
    sequence,
    organisation_id,
    kind,
    debit_account_id,
    credit_account_id,
    amount,
    currency,
    pending_id,
    pending_amount,
    timeout_at,
    cause_type,
    cause_id,
    leg,
    at
FROM payments.transfer
WHERE
    organisation_id = :organisation_id
    AND sequence > :after
    AND sequence <= :until
ORDER BY sequence
LIMIT :limit;

-- name: transfer_list_of_account
-- Read the entries of an account, newest first, before a position.
SELECT
    transfer_id,
    sequence,
    organisation_id,
    kind,
    debit_account_id,
    credit_account_id,
    amount,
    currency,
    pending_id,
    pending_amount,
    timeout_at,
    cause_type,
    cause_id,
    leg,
    at
FROM payments.transfer
WHERE
    (debit_account_id = :account_id OR credit_account_id = :account_id)
    AND (:before::bigint IS NULL OR sequence < :before)
ORDER BY sequence DESC
LIMIT :limit;

-- name: transfer_post$
-- Append transfers and change the balances of their accounts; returns how many were new.
SELECT payments.post_transfers(:accounts::text::jsonb, :transfers::text::jsonb);

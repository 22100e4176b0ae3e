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
-- Read how far the journal is, and the id of a new transaction: all with a transfer up to there have a lower one.
SELECT
    coalesce((SELECT max(sequence) FROM payments.transfer), 0) AS last_sequence,
    pg_current_xact_id()::text AS next_transaction;

-- name: transfer_is_settled$
-- Return whether all transactions before one have ended.
SELECT pg_snapshot_xmin(pg_current_snapshot()) >= :transaction::text::xid8;

-- name: transfer_list_causes
-- Read the payments that have caused transfers, by the id of the cause: a charge, or a refund.
SELECT charge_id AS cause_id, intent_id
FROM payments.charge
WHERE charge_id = ANY(:cause_ids::uuid[])
UNION ALL
SELECT refund_id, intent_id
FROM payments.refund
WHERE refund_id = ANY(:cause_ids);

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

-- name: transfer_list_of_intent
-- Read what a payment, its charges and its refunds have moved, in the order of the journal.
SELECT
    transfer.transfer_id,
    transfer.sequence,
    transfer.kind,
    transfer.debit_account_id,
    debit.kind AS debit_kind,
    transfer.credit_account_id,
    credit.kind AS credit_kind,
    transfer.amount,
    transfer.currency,
    transfer.cause_type,
    transfer.at
FROM payments.transfer
INNER JOIN payments.account AS debit ON debit.account_id = transfer.debit_account_id
INNER JOIN payments.account AS credit ON credit.account_id = transfer.credit_account_id
WHERE
    (
        transfer.cause_type IN ('authorise', 'resolve', 'capture', 'release', 'reserve_release')
        AND transfer.cause_id IN (SELECT charge_id FROM payments.charge WHERE intent_id = :intent_id)
    )
    OR (
        transfer.cause_type = 'refund'
        AND transfer.cause_id IN (SELECT refund_id FROM payments.refund WHERE intent_id = :intent_id)
    )
ORDER BY transfer.sequence
LIMIT :limit;

-- name: transfer_post$
-- Append transfers and change the balances of their accounts; returns how many were new.
SELECT payments.post_transfers(:accounts::text::jsonb, :transfers::text::jsonb);

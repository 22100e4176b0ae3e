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

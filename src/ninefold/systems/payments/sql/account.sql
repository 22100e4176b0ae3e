-- name: account_compare
-- Read the accounts of an organisation, each with its balances as the journal has them.
SELECT
    account.account_id,
    account.organisation_id,
    account.merchant_id,
    account.kind,
    account.currency,
    account.posted_debits,
    account.posted_credits,
    account.pending_debits,
    account.pending_credits,
    coalesce(debits.posted, 0)::bigint AS journal_posted_debits,
    coalesce(credits.posted, 0)::bigint AS journal_posted_credits,
    coalesce(debits.pending, 0)::bigint AS journal_pending_debits,
    coalesce(credits.pending, 0)::bigint AS journal_pending_credits
FROM payments.account
LEFT JOIN (
    SELECT
        debit_account_id AS account_id,
        sum(amount) FILTER (WHERE kind IN ('posted', 'posts')) AS posted,
        sum(CASE WHEN kind = 'pending' THEN amount ELSE -coalesce(pending_amount, 0) END) AS pending
    FROM payments.transfer
    WHERE organisation_id = :organisation_id
    GROUP BY debit_account_id
) AS debits ON debits.account_id = account.account_id
LEFT JOIN (
    SELECT
        credit_account_id AS account_id,
        sum(amount) FILTER (WHERE kind IN ('posted', 'posts')) AS posted,
        sum(CASE WHEN kind = 'pending' THEN amount ELSE -coalesce(pending_amount, 0) END) AS pending
    FROM payments.transfer
    WHERE organisation_id = :organisation_id
    GROUP BY credit_account_id
) AS credits ON credits.account_id = account.account_id
WHERE account.organisation_id = :organisation_id
ORDER BY account.account_id;

-- name: account_find^
-- Read one account of an organisation.
SELECT *
FROM payments.account
WHERE account_id = :account_id AND organisation_id = :organisation_id;

-- name: account_list
-- Read the accounts of an organisation, or of one merchant, in the order of their ids.
SELECT *
FROM payments.account
WHERE
    organisation_id = :organisation_id
    AND (:merchant_id::uuid IS NULL OR merchant_id = :merchant_id)
    AND (:after::uuid IS NULL OR account_id > :after)
ORDER BY account_id
LIMIT :limit;

-- name: account_list_organisations
-- Read the organisations that have accounts.
SELECT DISTINCT organisation_id
FROM payments.account
ORDER BY organisation_id;

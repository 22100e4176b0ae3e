-- name: held_charge_list_currencies
-- Read the currencies in which a merchant has funds: held, in reserve, or available.
SELECT currency
FROM payments.account
WHERE merchant_id = :merchant_id AND kind IN ('merchant_held', 'merchant_reserve', 'merchant_available')
GROUP BY currency
ORDER BY currency;

-- name: held_charge_list_due
-- Read the merchants with funds whose hold or reserve has ended.
SELECT charge.merchant_id
FROM payments.charge
WHERE charge.captured_at IS NOT NULL AND charge.released_at IS NULL AND charge.available_at < :at
UNION
SELECT charge.merchant_id
FROM payments.charge
INNER JOIN payments.merchant USING (merchant_id)
WHERE
    charge.reserve > 0
    AND charge.captured_at IS NOT NULL
    AND charge.reserve_released_at IS NULL
    AND charge.captured_at + make_interval(days => merchant.reserve_days) < :at
ORDER BY merchant_id
LIMIT :limit;

-- name: held_charge_release^
-- End the hold on captured funds of a merchant that is over, and post what becomes available; returns how many.
WITH due AS (
    SELECT
        charge_id,
        amount_captured - fee - reserve AS amount
    FROM payments.charge
    WHERE
        merchant_id = :merchant_id
        AND currency = :currency
        AND captured_at IS NOT NULL
        AND released_at IS NULL
        AND available_at < :until
    ORDER BY available_at, charge_id
    LIMIT :limit
    FOR NO KEY UPDATE
),

released AS (
    UPDATE payments.charge
    SET released_at = :at
    FROM due
    WHERE charge.charge_id = due.charge_id
    RETURNING
        charge.charge_id,
        due.amount
),

transfers AS (
    SELECT
        jsonb_agg(
            jsonb_build_object(
                'transfer_id', uuidv7(),
                'organisation_id', :organisation_id::uuid,
                'kind', 'posted',
                'debit_account_id', :held_account_id::uuid,
                'credit_account_id', :available_account_id::uuid,
                'amount', amount,
                'currency', :currency::text,
                'cause_type', 'release',
                'cause_id', charge_id,
                'leg', 0,
                'at', :at::timestamptz
            )
            ORDER BY charge_id
        ) AS items
    FROM released
    WHERE amount > 0
)

SELECT
    (SELECT count(*)::integer FROM released) AS released,
    payments.post_transfers(:accounts::text::jsonb, coalesce(transfers.items, '[]')) AS posted
FROM transfers;

-- name: held_charge_release_reserve^
-- Return what was kept back of captures of a merchant long enough, and post it; returns how many.
WITH due AS (
    SELECT
        charge.charge_id,
        charge.reserve AS amount
    FROM payments.charge
    INNER JOIN payments.merchant USING (merchant_id)
    WHERE
        charge.merchant_id = :merchant_id
        AND charge.currency = :currency
        AND charge.reserve > 0
        AND charge.captured_at IS NOT NULL
        AND charge.reserve_released_at IS NULL
        AND charge.captured_at + make_interval(days => merchant.reserve_days) < :until
    ORDER BY charge.captured_at, charge.charge_id
    LIMIT :limit
    FOR NO KEY UPDATE OF charge
),

released AS (
    UPDATE payments.charge
    SET reserve_released_at = :at
    FROM due
    WHERE charge.charge_id = due.charge_id
    RETURNING
        charge.charge_id,
        due.amount
),

transfers AS (
    SELECT
        jsonb_agg(
            jsonb_build_object(
                'transfer_id', uuidv7(),
                'organisation_id', :organisation_id::uuid,
                'kind', 'posted',
                'debit_account_id', :reserve_account_id::uuid,
                'credit_account_id', :available_account_id::uuid,
                'amount', amount,
                'currency', :currency::text,
                'cause_type', 'reserve_release',
                'cause_id', charge_id,
                'leg', 0,
                'at', :at::timestamptz
            )
            ORDER BY charge_id
        ) AS items
    FROM released
)

SELECT
    (SELECT count(*)::integer FROM released) AS released,
    payments.post_transfers(:accounts::text::jsonb, coalesce(transfers.items, '[]')) AS posted
FROM transfers;

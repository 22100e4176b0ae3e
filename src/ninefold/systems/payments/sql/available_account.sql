-- name: available_account_lock^
-- Read a merchant's available account with the last position of its entries, and keep others from posting to it.
WITH account AS (
    SELECT *
    FROM payments.account
    WHERE account_id = :account_id
    FOR NO KEY UPDATE
)

SELECT
    posted_credits - posted_debits AS balance,
    :account_id::uuid AS account_id
FROM account;

-- name: available_account_read_last$
-- Return the position of an account's last entry; 0 without one.
SELECT
    greatest(
        coalesce(
            (
                SELECT max(sequence)
                FROM payments.transfer
                WHERE credit_account_id = :account_id
            ),
            0
        ),
        coalesce(
            (
                SELECT max(sequence)
                FROM payments.transfer
                WHERE debit_account_id = :account_id
            ),
            0
        )
    );

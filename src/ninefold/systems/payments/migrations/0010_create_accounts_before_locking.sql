-- Accounts and transfers are arrays of JSON objects with the columns of the tables. The accounts that don't exist yet are
-- created before any is locked. Then all are locked in the order of their ids, so that no two transactions wait for each
-- other. Before, one that didn't see a new account yet locked the others first, and the new one last, whatever its id.
CREATE OR REPLACE FUNCTION payments.post_transfers(accounts jsonb, transfers jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found_count bigint;
    posted_count bigint;
    resolved_count bigint;
    open_count bigint;
BEGIN
    SELECT count(*)
    INTO found_count
    FROM payments.account
    WHERE account_id IN (SELECT (item ->> 'account_id')::uuid FROM jsonb_array_elements(accounts) AS item);
    IF found_count < jsonb_array_length(accounts) THEN
        INSERT INTO payments.account (account_id, organisation_id, merchant_id, kind, currency)
        SELECT account_id, organisation_id, merchant_id, kind, currency
        FROM jsonb_to_recordset(accounts)
            AS item (account_id uuid, organisation_id uuid, merchant_id uuid, kind text, currency text)
        ORDER BY account_id
        ON CONFLICT DO NOTHING;
    END IF;
    PERFORM 1
    FROM payments.account
    WHERE account_id IN (SELECT (item ->> 'account_id')::uuid FROM jsonb_array_elements(accounts) AS item)
    ORDER BY account_id
    FOR NO KEY UPDATE;
    WITH appended AS (
        INSERT INTO payments.transfer (
            transfer_id, organisation_id, kind, debit_account_id, credit_account_id, amount, currency, pending_id,
            pending_amount, timeout_at, cause_type, cause_id, leg, at
        )
        SELECT
            transfer_id, organisation_id, kind, debit_account_id, credit_account_id, amount, currency, pending_id,
            pending_amount, timeout_at, cause_type, cause_id, leg, at
        FROM jsonb_to_recordset(transfers) AS item (
            transfer_id uuid, organisation_id uuid, kind text, debit_account_id uuid, credit_account_id uuid,
            amount bigint, currency text, pending_id uuid, pending_amount bigint, timeout_at timestamptz,
            cause_type text, cause_id uuid, leg smallint, at timestamptz
        )
        ON CONFLICT (cause_type, cause_id, leg) DO NOTHING
        RETURNING *
    ),
    changes AS (
        SELECT
            debit_account_id AS account_id,
            CASE WHEN kind IN ('posted', 'posts') THEN amount ELSE 0 END AS posted_debits,
            0 AS posted_credits,
            CASE WHEN kind = 'pending' THEN amount ELSE -coalesce(pending_amount, 0) END AS pending_debits,
            0 AS pending_credits
        FROM appended
        UNION ALL
        SELECT
            credit_account_id,
            0,
            CASE WHEN kind IN ('posted', 'posts') THEN amount ELSE 0 END,
            0,
            CASE WHEN kind = 'pending' THEN amount ELSE -coalesce(pending_amount, 0) END
        FROM appended
    ),
    sums AS (
        SELECT
            account_id,
            sum(posted_debits) AS posted_debits,
            sum(posted_credits) AS posted_credits,
            sum(pending_debits) AS pending_debits,
            sum(pending_credits) AS pending_credits
        FROM changes
        GROUP BY account_id
    ),
    balanced AS (
        UPDATE payments.account
        SET
            posted_debits = account.posted_debits + sums.posted_debits,
            posted_credits = account.posted_credits + sums.posted_credits,
            pending_debits = account.pending_debits + sums.pending_debits,
            pending_credits = account.pending_credits + sums.pending_credits
        FROM sums
        WHERE account.account_id = sums.account_id
    ),
    opened AS (
        INSERT INTO payments.open_hold (pending_id, timeout_at)
        SELECT transfer_id, timeout_at
        FROM appended
        WHERE kind = 'pending'
        RETURNING pending_id
    ),
    closed AS (
        DELETE FROM payments.open_hold
        USING appended
        WHERE open_hold.pending_id = appended.pending_id
        RETURNING open_hold.pending_id
    )
    SELECT
        (SELECT count(*) FROM appended),
        (SELECT count(*) FROM appended WHERE pending_id IS NOT NULL),
        (SELECT count(*) FROM closed)
    INTO posted_count, resolved_count, open_count;
    IF resolved_count <> open_count THEN
        RAISE EXCEPTION 'a pending transfer was resolved before'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'transfer_pending_id_key';
    END IF;
    RETURN posted_count;
END
$$;

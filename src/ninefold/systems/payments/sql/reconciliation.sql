-- name: reconciliation_compare
-- Compare the ledger with the reports of a day: what doesn't agree, or all, by the time of the ledger.
SELECT *
FROM payments.compare_reports(:organisation_id, :day)
WHERE NOT :only_breaks OR verdict NOT IN ('agrees', 'elsewhere', 'not_compared')
ORDER BY verdict = 'agrees', ledger_at, charge_id, refund_id, number
OFFSET :offset
LIMIT :limit;

-- name: reconciliation_count
-- Count what agrees and what doesn't, by currency.
SELECT
    verdict,
    match_rule,
    currency,
    count(*)::integer AS item_count,
    coalesce(sum(ledger_amount), 0)::bigint AS ledger_amount,
    coalesce(sum(report_amount), 0)::bigint AS report_amount
FROM payments.compare_reports(:organisation_id, :day)
GROUP BY verdict, match_rule, currency
ORDER BY verdict, match_rule, currency;

-- name: reconciliation_list_days
-- Read the days of which there is something, newest first, with their open breaks and last runs.
SELECT
    known.day,
    (
        SELECT count(*)::integer
        FROM payments.break
        WHERE break.organisation_id = :organisation_id AND break.day = known.day AND break.state = 'open'
    ) AS open_breaks,
    (
        SELECT max(number)
        FROM payments.reconciliation_run AS run
        WHERE run.organisation_id = :organisation_id AND run.day = known.day
    ) AS run_count,
    (
        SELECT closed_at
        FROM payments.closed_day
        WHERE closed_day.organisation_id = :organisation_id AND closed_day.day = known.day
    ) AS closed_at
FROM (
    SELECT day
    FROM payments.settlement_report
    WHERE organisation_id = :organisation_id
    UNION
    SELECT day
    FROM payments.reconciliation_run
    WHERE organisation_id = :organisation_id
    UNION
    SELECT day
    FROM payments.closed_day
    WHERE organisation_id = :organisation_id
) AS known
WHERE :before::date IS NULL OR known.day < :before
ORDER BY known.day DESC
LIMIT :limit;

-- name: reconciliation_list_overdue_payouts
-- Read the payouts that should be on the bank's statement up to a day, and aren't.
SELECT *
FROM payments.payout
WHERE organisation_id = :organisation_id AND state = 'in_transit' AND arrival_date <= :day
ORDER BY payout_id
LIMIT :limit;

-- name: reconciliation_lock!
-- Keep others from reconciling an organisation, and from closing its days, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('payments.reconciliation:' || :organisation_id::uuid::text, 0));

-- name: reconciliation_read_first_day$
-- Return the day on which an organisation got its first merchant.
SELECT min((created_at AT TIME ZONE 'UTC')::date)
FROM payments.merchant
WHERE organisation_id = :organisation_id;

-- name: reconciliation_run_find_last^
-- Read the last run of a day.
SELECT *
FROM payments.reconciliation_run
WHERE organisation_id = :organisation_id AND day = :day
ORDER BY number DESC
LIMIT 1;

-- name: reconciliation_run_insert^
-- Insert a run.
INSERT INTO payments.reconciliation_run (run_id, organisation_id, day, number, started_at, finished_at, summary)
SELECT
    :run_id,
    :organisation_id,
    :day,
    coalesce(max(number), 0) + 1,
    :started_at,
    :finished_at,
    :summary::text::jsonb
FROM payments.reconciliation_run
WHERE organisation_id = :organisation_id AND day = :day
RETURNING *;

-- name: reconciliation_sum_ledger
-- Add up the captures and refunds of a day, by currency.
SELECT
    currency,
    sum(item_count)::integer AS item_count,
    sum(amount)::bigint AS amount
FROM (
    SELECT
        currency,
        count(*) AS item_count,
        sum(amount_captured) AS amount
    FROM payments.charge
    WHERE organisation_id = :organisation_id AND captured_at >= :starts_at AND captured_at < :ends_at
    GROUP BY currency
    UNION ALL
    SELECT
        currency,
        count(*),
        -sum(amount)
    FROM payments.refund
    WHERE
        organisation_id = :organisation_id
        AND state = 'succeeded'
        AND finished_at >= :starts_at
        AND finished_at < :ends_at
    GROUP BY currency
) AS item
GROUP BY currency
ORDER BY currency;

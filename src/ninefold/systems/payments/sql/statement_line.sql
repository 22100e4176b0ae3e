-- name: statement_line_has_entry$
-- Return whether a payout is on a statement as paid out.
SELECT
    EXISTS (
        SELECT 1
        FROM payments.statement_line
        WHERE payout_id = :payout_id AND kind = 'entry' AND amount < 0 AND state = 'matched'
    );

-- name: statement_line_insert!
-- Insert the lines of a statement. Those that another statement has are marked.
INSERT INTO payments.statement_line (
    statement_line_id,
    organisation_id,
    statement_id,
    number,
    account,
    fingerprint,
    kind,
    amount,
    currency,
    booked_on,
    "references",
    bank_reference,
    text,
    reason,
    file_line,
    state,
    matched_at
)
SELECT
    item.statement_line_id,
    :organisation_id,
    :statement_id,
    item.number,
    item.account,
    item.fingerprint,
    item.kind,
    item.amount,
    item.currency,
    item.booked_on,
    ARRAY(SELECT jsonb_array_elements_text(item."references")),
    item.bank_reference,
    item.text,
    item.reason,
    item.file_line,
    CASE WHEN known.is_known THEN 'duplicate' ELSE 'unmatched' END,
    CASE WHEN known.is_known THEN :at::timestamptz END
FROM jsonb_to_recordset(:lines::text::jsonb) AS item (
    statement_line_id uuid,
    number integer,
    account text,
    fingerprint text,
    kind text,
    amount bigint,
    currency text,
    booked_on date,
    "references" jsonb,
    bank_reference text,
    text text,
    reason text,
    file_line integer
)
CROSS JOIN LATERAL (
    SELECT
        EXISTS (
            SELECT 1
            FROM payments.statement_line
            WHERE
                statement_line.organisation_id = :organisation_id
                AND statement_line.fingerprint = item.fingerprint
                AND statement_line.state <> 'duplicate'
        ) AS is_known
) AS known;

-- name: statement_line_list
-- Read the lines of a statement, in its order.
SELECT *
FROM payments.statement_line
WHERE statement_id = :statement_id AND (:after::integer IS NULL OR number > :after)
ORDER BY number
LIMIT :limit;

-- name: statement_line_list_of_bank_file
-- Read the lines that a bank file or one of its payouts is on.
SELECT statement_line.*
FROM payments.statement_line
WHERE
    statement_line.bank_file_id = :bank_file_id
    OR statement_line.payout_id IN (
        SELECT payout_id
        FROM payments.payout
        WHERE payout.bank_file_id = :bank_file_id
    )
ORDER BY statement_line.statement_line_id
LIMIT :limit;

-- name: statement_line_list_of_payout
-- Read the lines that a payout is on, also those that name it and have a break.
SELECT statement_line.*
FROM payments.statement_line
LEFT JOIN payments.payout ON payout.payout_id = :payout_id
WHERE
    statement_line.payout_id = :payout_id
    OR statement_line.statement_line_id IN (
        SELECT break.statement_line_id
        FROM payments.break
        WHERE break.payout_id = :payout_id AND break.state <> 'closed'
    )
    OR (statement_line.bank_file_id = payout.bank_file_id AND statement_line.organisation_id = payout.organisation_id)
ORDER BY statement_line.statement_line_id
LIMIT :limit;

-- name: statement_line_list_same_amount$
-- Return how many lines that nothing is known about have an amount, within some days.
SELECT count(*)::integer
FROM payments.statement_line
WHERE
    organisation_id = :organisation_id
    AND state IN ('unmatched', 'suspense')
    AND kind = 'entry'
    AND currency = :currency
    AND amount = :amount
    AND booked_on BETWEEN :earliest AND :latest;

-- name: statement_line_lock^
-- Read a line, and keep others from matching it.
SELECT *
FROM payments.statement_line
WHERE statement_line_id = :statement_line_id
FOR NO KEY UPDATE;

-- name: statement_line_lock_open
-- Read the lines that aren't matched, and that nobody has explained, from a position, and keep others from matching them.
SELECT *
FROM payments.statement_line
WHERE
    organisation_id = :organisation_id
    AND state IN ('unmatched', 'suspense')
    AND (:after::uuid IS NULL OR statement_line_id > :after)
    -- A person has said what it is, and moved its money.
    AND NOT EXISTS (
        SELECT 1
        FROM payments.break
        WHERE break.statement_line_id = statement_line.statement_line_id AND break.state = 'resolved'
    )
ORDER BY statement_line_id
LIMIT :limit
FOR NO KEY UPDATE;

-- name: statement_line_read_last_day$
-- Return the last day of which the bank has said something.
SELECT max(booked_on)
FROM payments.statement_line
WHERE organisation_id = :organisation_id AND kind = 'entry';

-- name: statement_line_update!
-- Write what a line was matched with, or that it is in suspense.
UPDATE payments.statement_line
SET
    state = :state,
    match_rule = :match_rule,
    payout_id = :payout_id,
    bank_file_id = :bank_file_id,
    settlement_report_id = :settlement_report_id,
    matched_at = :matched_at
WHERE statement_line_id = :statement_line_id;

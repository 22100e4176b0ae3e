-- What the bank has paid of a payout: another amount than ours, if a person has said that its line is the payout.
ALTER TABLE payments.payout ADD COLUMN paid_amount bigint CHECK (paid_amount > 0);

UPDATE payments.payout
SET paid_amount = amount
WHERE paid_at IS NOT NULL;

ALTER TABLE payments.payout ADD CONSTRAINT payout_paid_with_an_amount CHECK ((paid_at IS NULL) = (paid_amount IS NULL));

-- What the bank keeps for itself has an account of its own.
ALTER TABLE payments.account DROP CONSTRAINT account_kind_check;

ALTER TABLE payments.account ADD CONSTRAINT account_kind_check CHECK (
    kind IN (
        'processor_receivable', 'merchant_pending', 'merchant_held', 'merchant_available', 'merchant_reserve',
        'fees', 'refunds_in_flight', 'payout_in_flight', 'bank', 'bank_fees', 'suspense'
    )
);

-- How many lines of a file were in one that was imported before.
ALTER TABLE payments.statement ADD COLUMN known_line_count integer NOT NULL DEFAULT 0;

UPDATE payments.statement
SET
    known_line_count = (
        SELECT count(*)
        FROM payments.statement_line
        WHERE statement_line.statement_id = statement.statement_id AND statement_line.state = 'duplicate'
    );

ALTER TABLE payments.statement ADD CONSTRAINT statement_knows_its_own_lines CHECK (
    known_line_count BETWEEN 0 AND line_count
);

-- What the ledger and the processors' reports say about a day (UTC): each line of the day's reports with what it is
-- about, and each capture and refund of the day that these reports don't have: it is missing once a report was read that
-- should have it, and until then, it wasn't compared.
CREATE OR REPLACE FUNCTION payments.compare_reports(organisation uuid, for_day date)
RETURNS TABLE (
    verdict text,
    type text,
    charge_id uuid,
    refund_id uuid,
    intent_id uuid,
    currency char(3),
    ledger_amount bigint,
    ledger_at timestamptz,
    settlement_report_id uuid,
    number integer,
    our_reference text,
    report_currency char(3),
    report_amount bigint,
    report_day date,
    match_rule text
) LANGUAGE sql STABLE AS $$
    SELECT
        CASE
            WHEN line.source_id IS NULL AND attempt.attempt_id IS NULL THEN 'unknown'
            WHEN line.occurrence > 1 THEN 'duplicate'
            WHEN charge.charge_id IS NULL AND refund.refund_id IS NULL THEN
                CASE
                    WHEN attempt.state IN ('intended', 'waiting_for_customer', 'in_doubt', 'needs_person') THEN 'timing'
                    ELSE 'unknown'
                END
            WHEN coalesce(charge.currency, refund.currency) <> line.currency THEN 'currency'
            WHEN coalesce(charge.amount_captured, -refund.amount) <> line.amount THEN 'amount'
            ELSE 'agrees'
        END,
        line.type,
        charge.charge_id,
        refund.refund_id,
        coalesce(charge.intent_id, refund.intent_id, attempt.intent_id),
        coalesce(charge.currency, refund.currency, line.currency),
        coalesce(charge.amount_captured, -refund.amount),
        coalesce(charge.captured_at, refund.finished_at),
        line.settlement_report_id,
        line.number,
        line.our_reference,
        line.currency,
        line.amount,
        report.day,
        coalesce(line.match_rule, CASE WHEN attempt.attempt_id IS NOT NULL THEN 'reference' END)
    FROM payments.settlement_report AS report
    INNER JOIN payments.settlement_report_line AS line USING (settlement_report_id)
    LEFT JOIN payments.attempt
        ON attempt.attempt_id = line.attempt_id AND attempt.organisation_id = compare_reports.organisation
    LEFT JOIN payments.charge
        ON
            line.type = 'capture'
            AND charge.charge_id = coalesce(line.source_id, attempt.charge_id, attempt.attempt_id)
            AND charge.captured_at IS NOT NULL
    LEFT JOIN payments.refund
        ON
            line.type = 'refund'
            AND refund.refund_id = coalesce(line.source_id, attempt.refund_id)
            AND refund.state = 'succeeded'
    WHERE report.organisation_id = compare_reports.organisation AND report.day = compare_reports.for_day
    UNION ALL
    SELECT
        CASE
            WHEN line.settlement_report_id IS NULL AND expected.fetched_at > item.at THEN 'missing'
            WHEN line.settlement_report_id IS NULL THEN 'not_compared'
            WHEN line.currency <> item.currency OR line.amount <> item.amount THEN 'elsewhere'
            ELSE 'agrees'
        END,
        item.type,
        item.charge_id,
        item.refund_id,
        item.intent_id,
        item.currency,
        item.amount,
        item.at,
        line.settlement_report_id,
        line.number,
        NULL,
        line.currency,
        line.amount,
        line.day,
        line.match_rule
    FROM (
        SELECT
            'capture' AS type,
            charge.charge_id,
            NULL::uuid AS refund_id,
            charge.intent_id,
            charge.merchant_id,
            charge.currency,
            charge.amount_captured AS amount,
            charge.captured_at AS at,
            charge.charge_id AS source_id,
            coalesce(
                (
                    SELECT attempt.attempt_id
                    FROM payments.attempt
                    WHERE
                        attempt.intent_id = charge.intent_id
                        AND attempt.charge_id = charge.charge_id
                        AND attempt.operation = 'capture'
                        AND attempt.state = 'succeeded'
                    LIMIT 1
                ),
                charge.charge_id
            ) AS attempt_id
        FROM payments.charge
        WHERE
            charge.organisation_id = compare_reports.organisation
            AND charge.captured_at >= compare_reports.for_day::timestamp AT TIME ZONE 'UTC'
            AND charge.captured_at < (compare_reports.for_day + 1)::timestamp AT TIME ZONE 'UTC'
        UNION ALL
        SELECT
            'refund',
            NULL,
            refund.refund_id,
            refund.intent_id,
            refund.merchant_id,
            refund.currency,
            -refund.amount,
            refund.finished_at,
            refund.refund_id,
            (
                SELECT attempt.attempt_id
                FROM payments.attempt
                WHERE
                    attempt.intent_id = refund.intent_id
                    AND attempt.refund_id = refund.refund_id
                    AND attempt.state = 'succeeded'
                LIMIT 1
            )
        FROM payments.refund
        WHERE
            refund.organisation_id = compare_reports.organisation
            AND refund.state = 'succeeded'
            AND refund.finished_at >= compare_reports.for_day::timestamp AT TIME ZONE 'UTC'
            AND refund.finished_at < (compare_reports.for_day + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS item
    INNER JOIN payments.merchant USING (merchant_id)
    -- What came after the day's report was read can't be missing in it.
    LEFT JOIN payments.settlement_report AS expected
        ON
            expected.organisation_id = compare_reports.organisation
            AND expected.day = compare_reports.for_day
            AND expected.processor = merchant.processor
    LEFT JOIN LATERAL (
        SELECT
            found.settlement_report_id,
            found.number,
            found.currency,
            found.amount,
            found.match_rule,
            report.day
        FROM payments.settlement_report_line AS found
        INNER JOIN payments.settlement_report AS report USING (settlement_report_id)
        WHERE
            found.organisation_id = compare_reports.organisation
            AND found.type = item.type
            AND (found.attempt_id = item.attempt_id OR found.source_id = item.source_id)
        ORDER BY report.day, found.number
        LIMIT 1
    ) AS line ON TRUE
    WHERE line.day IS DISTINCT FROM compare_reports.for_day
$$;

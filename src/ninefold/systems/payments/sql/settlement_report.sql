-- name: settlement_report_find^
-- Read one settlement report of an organisation.
SELECT *
FROM payments.settlement_report
WHERE settlement_report_id = :settlement_report_id AND organisation_id = :organisation_id;

-- name: settlement_report_list
-- Read settlement reports of an organisation, newest first.
SELECT *
FROM payments.settlement_report
WHERE organisation_id = :organisation_id AND (:before::uuid IS NULL OR settlement_report_id < :before)
ORDER BY settlement_report_id DESC
LIMIT :limit;

-- name: settlement_report_list_of_day
-- Read the settlement reports of a day.
SELECT *
FROM payments.settlement_report
WHERE organisation_id = :organisation_id AND day = :day
ORDER BY processor;

-- name: settlement_report_list_processors
-- Read the processors of an organisation's merchants.
SELECT DISTINCT processor
FROM payments.merchant
WHERE organisation_id = :organisation_id
ORDER BY processor;

-- name: settlement_report_list_totals
-- Read what the reports of some days come to, by currency, and how much of it is on the bank's statement.
SELECT
    report.settlement_report_id,
    report.processor,
    report.day,
    line.currency,
    count(*)::integer AS line_count,
    sum(line.amount)::bigint AS amount,
    (
        SELECT statement_line.amount
        FROM payments.statement_line
        WHERE
            statement_line.settlement_report_id = report.settlement_report_id
            AND statement_line.currency = line.currency
    ) AS bank_amount
FROM payments.settlement_report AS report
INNER JOIN payments.settlement_report_line AS line USING (settlement_report_id)
WHERE report.organisation_id = :organisation_id AND report.day BETWEEN :earliest AND :latest
GROUP BY report.settlement_report_id, line.currency
ORDER BY report.day, report.processor, line.currency;

-- name: settlement_report_upsert^
-- Insert a report, or what a processor says about the same day now.
INSERT INTO payments.settlement_report (
    settlement_report_id,
    organisation_id,
    processor,
    day,
    line_count,
    sha256,
    fetched_at
)
VALUES (
    :settlement_report_id,
    :organisation_id,
    :processor,
    :day,
    :line_count,
    :sha256,
    :fetched_at
)
ON CONFLICT (organisation_id, processor, day) DO UPDATE
    SET
        line_count = excluded.line_count,
        sha256 = excluded.sha256,
        fetched_at = excluded.fetched_at
RETURNING *;

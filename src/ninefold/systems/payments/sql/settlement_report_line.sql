-- name: settlement_report_line_count_occurrences!
-- Number the lines that name the same call, over all reports that have one of a report's calls.
UPDATE payments.settlement_report_line AS line
SET occurrence = ranked.occurrence
FROM (
    SELECT
        other.settlement_report_id,
        other.number,
        row_number() OVER (
            PARTITION BY other.attempt_id, other.type
            ORDER BY report.day, other.settlement_report_id, other.number
        )::integer AS occurrence
    FROM payments.settlement_report_line AS own
    INNER JOIN payments.settlement_report_line AS other
        ON other.organisation_id = own.organisation_id AND other.attempt_id = own.attempt_id
    INNER JOIN payments.settlement_report AS report ON report.settlement_report_id = other.settlement_report_id
    WHERE own.settlement_report_id = :settlement_report_id AND own.occurrence = 1
) AS ranked
WHERE
    line.settlement_report_id = ranked.settlement_report_id
    AND line.number = ranked.number
    AND line.occurrence <> ranked.occurrence;

-- name: settlement_report_line_delete!
-- Delete the lines of a report that is read again.
DELETE FROM payments.settlement_report_line
WHERE settlement_report_id = :settlement_report_id;

-- name: settlement_report_line_insert!
-- Insert the lines of a report; those about calls of other organisations are left out.
INSERT INTO payments.settlement_report_line (
    settlement_report_id,
    number,
    organisation_id,
    our_reference,
    attempt_id,
    occurrence,
    processor_reference,
    type,
    amount,
    currency,
    at
)
SELECT
    :settlement_report_id,
    line.number,
    :organisation_id,
    line.our_reference,
    attempt.attempt_id,
    row_number() OVER (PARTITION BY line.attempt_id, line.type ORDER BY line.number),
    line.processor_reference,
    line.type,
    line.amount,
    line.currency,
    line.at
FROM unnest(
    :numbers::integer [],
    :our_references::text [],
    :attempt_ids::uuid [],
    :processor_references::text [],
    :types::text [],
    :amounts::bigint [],
    :currencies::text [],
    :times::timestamptz []
) AS line (number, our_reference, attempt_id, processor_reference, type, amount, currency, at)
LEFT JOIN payments.attempt ON attempt.attempt_id = line.attempt_id
WHERE attempt.organisation_id IS NULL OR attempt.organisation_id = :organisation_id;

-- name: settlement_report_line_list
-- Read the lines of a report, in its order.
SELECT
    settlement_report_id,
    number,
    our_reference,
    attempt_id,
    processor_reference,
    type,
    amount,
    currency,
    at,
    source_id,
    match_rule
FROM payments.settlement_report_line
WHERE settlement_report_id = :settlement_report_id AND (:after::integer IS NULL OR number > :after)
ORDER BY number
LIMIT :limit;

-- name: settlement_report_line_list_in_doubt
-- Read the first lines of a day's reports that name calls whose outcome is in doubt: the line and the call as columns.
SELECT
    line,
    attempt,
    intent.capture_method
FROM payments.settlement_report AS report
INNER JOIN payments.settlement_report_line AS line USING (settlement_report_id)
INNER JOIN payments.attempt
    ON
        attempt.attempt_id = line.attempt_id
        AND attempt.organisation_id = report.organisation_id
        AND attempt.processor = report.processor
INNER JOIN payments.intent ON intent.intent_id = attempt.intent_id
WHERE
    report.organisation_id = :organisation_id
    AND report.day = :day
    AND line.occurrence = 1
    AND attempt.state IN ('in_doubt', 'needs_person')
    AND (:after::uuid IS NULL OR attempt.attempt_id > :after)
ORDER BY attempt.attempt_id, line.type
LIMIT :limit;

-- name: settlement_report_line_update_match!
-- Write what a line is about that doesn't name it.
UPDATE payments.settlement_report_line
SET
    source_id = :source_id,
    match_rule = 'amount_and_date'
WHERE settlement_report_id = :settlement_report_id AND number = :number;

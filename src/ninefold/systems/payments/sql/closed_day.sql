-- name: closed_day_digest_journal^
-- Return how many transfers a day has, their last position, and the SHA-256 of all of them.
SELECT
    count(*) AS transfer_count,
    max(sequence) AS last_sequence,
    encode(
        sha256(
            convert_to(
                coalesce(
                    string_agg(
                        concat_ws(
                            ',',
                            sequence,
                            transfer_id,
                            kind,
                            debit_account_id,
                            credit_account_id,
                            amount,
                            currency,
                            cause_type,
                            cause_id,
                            leg,
                            to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                        ),
                        e'\n' ORDER BY sequence
                    ),
                    ''
                ),
                'UTF8'
            )
        ),
        'hex'
    ) AS sha256
FROM payments.transfer
WHERE organisation_id = :organisation_id AND at >= :starts_at AND at < :ends_at;

-- name: closed_day_find^
-- Read a closed day.
SELECT *
FROM payments.closed_day
WHERE organisation_id = :organisation_id AND day = :day;

-- name: closed_day_find_last^
-- Read the last closed day of an organisation.
SELECT *
FROM payments.closed_day
WHERE organisation_id = :organisation_id
ORDER BY day DESC
LIMIT 1;

-- name: closed_day_insert!
-- Close a day.
INSERT INTO payments.closed_day (organisation_id, day, ends_at, closed_at, closed_by, report, sha256)
VALUES (:organisation_id, :day, :ends_at, :closed_at, :closed_by, :report, :sha256);

-- name: closed_day_list_documents
-- Read what belongs to a day, with the hash of each: batches, bank files, statements, settlement reports.
SELECT
    'batch' AS type,
    batch_id AS id,
    digest AS sha256
FROM payments.batch
WHERE organisation_id = :organisation_id AND computed_at >= :starts_at AND computed_at < :ends_at
UNION ALL
SELECT
    'bank_file',
    bank_file_id,
    sha256
FROM payments.bank_file
WHERE organisation_id = :organisation_id AND created_at >= :starts_at AND created_at < :ends_at
UNION ALL
SELECT
    'statement',
    statement_id,
    sha256
FROM payments.statement
WHERE organisation_id = :organisation_id AND imported_at >= :starts_at AND imported_at < :ends_at
UNION ALL
SELECT
    'settlement_report',
    settlement_report_id,
    sha256
FROM payments.settlement_report
WHERE organisation_id = :organisation_id AND day = :day
ORDER BY type, id;

-- name: closed_day_stop_postings!
-- Wait for all transactions that post, and keep others from posting until the end of the transaction.
LOCK TABLE payments.transfer IN SHARE ROW EXCLUSIVE MODE;

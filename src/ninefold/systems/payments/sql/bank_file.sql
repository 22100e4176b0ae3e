-- name: bank_file_count_of_day$
-- Return the number of the last file of a day.
SELECT coalesce(max(number), 0)
FROM payments.bank_file
WHERE organisation_id = :organisation_id AND day = :day;

-- name: bank_file_find^
-- Read one bank file of an organisation.
SELECT
    bank_file_id,
    organisation_id,
    name,
    format,
    currency,
    day,
    number,
    arrival_date,
    entry_count,
    total,
    sha256,
    state,
    created_at,
    delivered_at
FROM payments.bank_file
WHERE bank_file_id = :bank_file_id AND organisation_id = :organisation_id;

-- name: bank_file_insert!
-- Insert a bank file.
INSERT INTO payments.bank_file (
    bank_file_id,
    organisation_id,
    name,
    format,
    currency,
    day,
    number,
    arrival_date,
    entry_count,
    total,
    content,
    sha256,
    state,
    created_at
)
VALUES (
    :bank_file_id,
    :organisation_id,
    :name,
    :format,
    :currency,
    :day,
    :number,
    :arrival_date,
    :entry_count,
    :total,
    :content,
    :sha256,
    'written',
    :created_at
);

-- name: bank_file_list
-- Read bank files of an organisation, newest first.
SELECT
    bank_file_id,
    organisation_id,
    name,
    format,
    currency,
    day,
    number,
    arrival_date,
    entry_count,
    total,
    sha256,
    state,
    created_at,
    delivered_at
FROM payments.bank_file
WHERE organisation_id = :organisation_id AND (:before::uuid IS NULL OR bank_file_id < :before)
ORDER BY bank_file_id DESC
LIMIT :limit;

-- name: bank_file_list_named
-- Read the bank files that these references name.
SELECT
    bank_file_id,
    organisation_id,
    name,
    format,
    currency,
    day,
    number,
    arrival_date,
    entry_count,
    total,
    sha256,
    state,
    created_at,
    delivered_at
FROM payments.bank_file
WHERE organisation_id = :organisation_id AND name = ANY(:references::text [])
ORDER BY bank_file_id;

-- name: bank_file_list_undelivered
-- Read the bank files of an organisation that weren't delivered yet.
SELECT
    bank_file_id,
    organisation_id,
    name,
    format,
    currency,
    day,
    number,
    arrival_date,
    entry_count,
    total,
    sha256,
    state,
    created_at,
    delivered_at
FROM payments.bank_file
WHERE organisation_id = :organisation_id AND state = 'written'
ORDER BY bank_file_id
LIMIT :limit;

-- name: bank_file_lock!
-- Keep others from writing files of an organisation until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('payments.bank_file:' || :organisation_id::uuid::text, 0));

-- name: bank_file_read_content$
-- Read the bytes of a bank file.
SELECT content
FROM payments.bank_file
WHERE bank_file_id = :bank_file_id;

-- name: bank_file_update_delivered!
-- Write that a bank file was delivered.
UPDATE payments.bank_file
SET
    state = 'delivered',
    delivered_at = :at
WHERE bank_file_id = :bank_file_id AND state = 'written';

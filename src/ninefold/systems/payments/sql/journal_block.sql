-- name: journal_block_find_last^
-- Read the newest block of an organisation.
SELECT *
FROM payments.journal_block
WHERE organisation_id = :organisation_id
ORDER BY number DESC
LIMIT 1;

-- name: journal_block_insert!
-- Seal a block.
INSERT INTO payments.journal_block (
    organisation_id,
    number,
    first_sequence,
    last_sequence,
    transfer_count,
    previous_hash,
    hash,
    sealed_at
)
VALUES (
    :organisation_id,
    :number,
    :first_sequence,
    :last_sequence,
    :transfer_count,
    :previous_hash,
    :hash,
    :sealed_at
);

-- name: journal_block_list
-- Read the blocks of an organisation in order, after a number.
SELECT *
FROM payments.journal_block
WHERE organisation_id = :organisation_id AND number > :after
ORDER BY number
LIMIT :limit;

-- name: journal_block_lock_organisation!
-- Have one sealer at a time for an organisation, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('payments.journal_block:' || :organisation_id::uuid, 0));

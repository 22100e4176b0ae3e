-- name: batch_line_count^
-- Add up the lines of a batch.
SELECT
    count(*)::integer AS line_count,
    count(*) FILTER (WHERE type = 'capture')::integer AS capture_count,
    coalesce(sum(gross) FILTER (WHERE type = 'capture'), 0)::bigint AS capture_amount,
    coalesce(sum(fee), 0)::bigint AS fee_amount,
    coalesce(sum(reserve), 0)::bigint AS reserve_amount,
    coalesce(sum(net) FILTER (WHERE type = 'reserve_release'), 0)::bigint AS reserve_released_amount,
    count(*) FILTER (WHERE type = 'refund')::integer AS refund_count,
    coalesce(sum(net) FILTER (WHERE type IN ('refund', 'refund_failed')), 0)::bigint AS refund_amount,
    coalesce(sum(net) FILTER (WHERE type = 'payout_returned'), 0)::bigint AS returned_amount,
    coalesce(sum(net) FILTER (WHERE type = 'correction'), 0)::bigint AS correction_amount
FROM payments.batch_line
WHERE batch_id = :batch_id;

-- name: batch_line_insert!
-- Insert the lines of a batch: the entries of an account between two positions of the journal.
INSERT INTO payments.batch_line (batch_id, sequence, type, source_id, intent_id, gross, fee, reserve, net, at)
SELECT
    :batch_id,
    entry.sequence,
    entry.type,
    entry.source_id,
    entry.intent_id,
    entry.gross,
    entry.fee,
    entry.reserve,
    entry.net,
    entry.at
FROM payments.entries_to_settle(:account_id, :after_sequence, :last_sequence) AS entry;

-- name: batch_line_list
-- Read the lines of a batch, in the order of the journal.
SELECT
    sequence,
    type,
    source_id,
    intent_id,
    gross,
    fee,
    reserve,
    net,
    at
FROM payments.batch_line
WHERE batch_id = :batch_id AND (:after::bigint IS NULL OR sequence > :after)
ORDER BY sequence
LIMIT :limit;

-- name: batch_line_list_batches
-- Read the batches that a payment and its refunds are in.
SELECT DISTINCT batch.*
FROM payments.batch_line
INNER JOIN payments.batch USING (batch_id)
WHERE batch_line.intent_id = :intent_id AND batch.organisation_id = :organisation_id
ORDER BY batch.batch_id;

-- name: batch_line_write_content$
-- Return the lines of a batch as text, from the journal.
SELECT
    string_agg(
        concat_ws(
            ',',
            entry.sequence,
            entry.type,
            entry.source_id,
            entry.gross,
            entry.fee,
            entry.reserve,
            entry.net,
            to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ),
        e'\n' ORDER BY entry.sequence
    )
FROM payments.entries_to_settle(:account_id, :after_sequence, :last_sequence) AS entry;

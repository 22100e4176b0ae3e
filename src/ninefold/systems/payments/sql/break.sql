-- name: break_close!
-- Close breaks that a comparison doesn't find any more.
UPDATE payments.break
SET
    state = 'closed',
    type = CASE WHEN type = 'missing' THEN 'timing' ELSE type END,
    ended_at = :at,
    ended_by = 'comparison'
WHERE break_id = ANY(:break_ids::uuid []) AND state = 'open';

-- name: break_count_open$
-- Return how many breaks of an organisation are open up to a day.
SELECT count(*)::integer
FROM payments.break
WHERE organisation_id = :organisation_id AND state = 'open' AND day <= :day;

-- name: break_find^
-- Read one break of an organisation.
SELECT *
FROM payments.break
WHERE break_id = :break_id AND organisation_id = :organisation_id;

-- name: break_insert^
-- Insert a break; returns no row when the same one is there already.
INSERT INTO payments.break (
    break_id,
    organisation_id,
    day,
    type,
    source,
    subject,
    reference,
    currency,
    expected_amount,
    found_amount,
    charge_id,
    refund_id,
    payout_id,
    statement_line_id,
    settlement_report_id,
    state,
    opened_at
)
VALUES (
    :break_id,
    :organisation_id,
    :day,
    :type,
    :source,
    :subject,
    :reference,
    :currency,
    :expected_amount,
    :found_amount,
    :charge_id,
    :refund_id,
    :payout_id,
    :statement_line_id,
    :settlement_report_id,
    'open',
    :opened_at
)
ON CONFLICT (organisation_id, subject) DO UPDATE
    SET
        type = excluded.type,
        expected_amount = excluded.expected_amount,
        found_amount = excluded.found_amount,
        state = 'open',
        ended_at = NULL,
        ended_by = NULL
    WHERE
        break.state = 'closed'
        OR (break.state = 'open' AND break.type <> excluded.type)
        OR (
            break.state = 'open'
            AND (break.expected_amount, break.found_amount)
            IS DISTINCT FROM (excluded.expected_amount, excluded.found_amount)
        )
RETURNING *;

-- name: break_list
-- Read breaks of an organisation, newest first.
SELECT *
FROM payments.break
WHERE
    organisation_id = :organisation_id
    AND (:state::text IS NULL OR state = :state)
    AND (:type::text IS NULL OR type = :type)
    AND (:day::date IS NULL OR day = :day)
    AND (:before::uuid IS NULL OR break_id < :before)
ORDER BY break_id DESC
LIMIT :limit;

-- name: break_list_open_of_day
-- Read the open breaks of a day.
SELECT *
FROM payments.break
WHERE organisation_id = :organisation_id AND day = :day AND state = 'open'
ORDER BY break_id;

-- name: break_list_open_of_line
-- Read the open breaks about a line of a statement.
SELECT *
FROM payments.break
WHERE organisation_id = :organisation_id AND statement_line_id = :statement_line_id AND state = 'open'
ORDER BY break_id;

-- name: break_lock^
-- Read one break of an organisation, and keep others from changing it.
SELECT *
FROM payments.break
WHERE break_id = :break_id AND organisation_id = :organisation_id
FOR NO KEY UPDATE;

-- name: break_update_resolved^
-- Write why a person says that a break is none, and the transfer that corrects it.
UPDATE payments.break
SET
    state = 'resolved',
    ended_at = :at,
    ended_by = :ended_by,
    evidence = :evidence,
    correction_id = :correction_id
WHERE break_id = :break_id AND state = 'open'
RETURNING *;

-- name: attempt_claim_due
-- Claim attempts whose processor is to be asked now; who has claimed one has some time for it.
UPDATE payments.attempt
SET
    next_inquiry_at = :claimed_until,
    inquiry_count = inquiry_count + 1
WHERE attempt_id IN (
    SELECT attempt_id
    FROM payments.attempt
    WHERE next_inquiry_at <= :at
    ORDER BY next_inquiry_at
    LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING *;

-- name: attempt_count_in_doubt$
-- Count the attempts whose outcome is in doubt.
SELECT count(*)
FROM (
    SELECT 1
    FROM payments.attempt
    WHERE state IN ('in_doubt', 'needs_person')
    LIMIT :limit
) AS counted;

-- name: attempt_find^
-- Read one attempt of an organisation.
SELECT *
FROM payments.attempt
WHERE attempt_id = :attempt_id AND organisation_id = :organisation_id;

-- name: attempt_find_by_id^
-- Read one attempt of any organisation.
SELECT *
FROM payments.attempt
WHERE attempt_id = :attempt_id;

-- name: attempt_find_waiting^
-- Read the attempt of a payment whose customer has to authenticate.
SELECT *
FROM payments.attempt
WHERE intent_id = :intent_id AND state = 'waiting_for_customer'
ORDER BY attempt_id DESC
LIMIT 1;

-- name: attempt_list_in_doubt
-- Read the attempts of an organisation whose outcome is in doubt, oldest first, after a position.
SELECT *
FROM payments.attempt
WHERE
    organisation_id = :organisation_id
    AND state IN ('in_doubt', 'needs_person')
    AND (:state::text IS NULL OR state = :state)
    AND (:after::uuid IS NULL OR attempt_id > :after)
ORDER BY attempt_id
LIMIT :limit;

-- name: attempt_list_of_intent
-- Read the attempts of a payment, oldest first.
SELECT *
FROM payments.attempt
WHERE intent_id = :intent_id
ORDER BY attempt_id
LIMIT :limit;

-- name: attempt_mark_sent^
-- Store that an attempt is sent again, unless its outcome is known.
UPDATE payments.attempt
SET sent_at = :at
WHERE attempt_id = :attempt_id AND finished_at IS NULL
RETURNING *;

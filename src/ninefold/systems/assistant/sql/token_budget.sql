-- name: token_budget_reserve$
-- Take tokens from an account's or a key's budget, and return what is left; less than zero if there weren't enough.
INSERT INTO assistant.token_budget AS budget (asker_id, organisation_id, available, refilled_at)
VALUES (:asker_id, :organisation_id, :capacity::double precision - :tokens, now())
ON CONFLICT (asker_id) DO UPDATE
SET
    available = least(
        :capacity,
        budget.available
        + greatest(extract(EPOCH FROM now() - budget.refilled_at), 0) * :capacity::double precision / 60
    ) - :tokens,
    refilled_at = greatest(now(), budget.refilled_at)
RETURNING available;

-- name: token_budget_settle!
-- Give back to an account's or a key's budget what a response hasn't used of what was reserved; take what it has used beyond that.
UPDATE assistant.token_budget
SET available = available + :tokens
WHERE asker_id = :asker_id;

-- name: usage_add!
-- Count a response that has ended.
INSERT INTO assistant.usage AS total (
    organisation_id,
    owner_id,
    owner_kind,
    day,
    model,
    responses,
    input_tokens,
    output_tokens
)
VALUES (
    :organisation_id,
    :owner_id,
    :owner_kind,
    (now() AT TIME ZONE 'UTC')::date,
    :model,
    1,
    :input_tokens,
    :output_tokens
)
ON CONFLICT (organisation_id, day, owner_id, model) DO UPDATE
SET
    responses = total.responses + 1,
    input_tokens = total.input_tokens + excluded.input_tokens,
    output_tokens = total.output_tokens + excluded.output_tokens;

-- name: usage_list
-- Read what an organisation has used, newest day first; with an owner, only what that owner has used.
SELECT *
FROM assistant.usage
WHERE organisation_id = :organisation_id
    AND (:owner_id::uuid IS NULL OR owner_id = :owner_id)
    AND (:since::date IS NULL OR day >= :since)
    AND (:until::date IS NULL OR day <= :until)
    AND (
        :before_day::date IS NULL
        OR (day, owner_id, model) < (:before_day, :before_owner_id::uuid, :before_model::text)
    )
ORDER BY day DESC, owner_id DESC, model DESC
LIMIT :limit;

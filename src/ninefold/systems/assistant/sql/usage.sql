-- name: usage_add!
-- Count a response that has ended.
INSERT INTO assistant.usage AS total (
    organisation_id,
    asker_id,
    asker_kind,
    day,
    model,
    responses,
    input_tokens,
    output_tokens
)
VALUES (
    :organisation_id,
    :asker_id,
    :asker_kind,
    (now() AT TIME ZONE 'UTC')::date,
    :model,
    1,
    :input_tokens,
    :output_tokens
)
ON CONFLICT (organisation_id, day, asker_id, model) DO UPDATE
SET
    responses = total.responses + 1,
    input_tokens = total.input_tokens + excluded.input_tokens,
    output_tokens = total.output_tokens + excluded.output_tokens;

-- name: usage_list
-- Read what an organisation has used, newest day first; with an asker, only what that one has used.
SELECT *
FROM assistant.usage
WHERE organisation_id = :organisation_id
    AND (:asker_id::uuid IS NULL OR asker_id = :asker_id)
    AND (:since::date IS NULL OR day >= :since)
    AND (:until::date IS NULL OR day <= :until)
    AND (
        :before_day::date IS NULL
        OR (day, asker_id, model) < (:before_day, :before_asker_id::uuid, :before_model::text)
    )
ORDER BY day DESC, asker_id DESC, model DESC
LIMIT :limit;

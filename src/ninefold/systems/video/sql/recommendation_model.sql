-- name: recommendation_model_find^
-- Read what is known of the model of an organisation, without the model itself.
SELECT
    trained_at,
    kind,
    why,
    profiles,
    titles,
    watches,
    factors,
    held_out,
    recall_model,
    recall_popularity
FROM video.recommendation_model
WHERE organisation_id = :organisation_id;

-- name: recommendation_model_find_factors^
-- Read the model of an organisation; no row if popularity recommends.
SELECT trained_at, factors, title_ids, title_factors
FROM video.recommendation_model
WHERE organisation_id = :organisation_id AND kind = 'als';

-- name: recommendation_model_set!
-- Write the model of an organisation.
INSERT INTO video.recommendation_model (
    organisation_id,
    trained_at,
    kind,
    why,
    profiles,
    titles,
    watches,
    factors,
    held_out,
    recall_model,
    recall_popularity,
    title_ids,
    title_factors
)
VALUES (
    :organisation_id,
    :trained_at,
    :kind,
    :why,
    :profiles,
    :titles,
    :watches,
    :factors,
    :held_out,
    :recall_model,
    :recall_popularity,
    :title_ids,
    :title_factors
)
ON CONFLICT (organisation_id) DO UPDATE
SET trained_at = EXCLUDED.trained_at,
    kind = EXCLUDED.kind,
    why = EXCLUDED.why,
    profiles = EXCLUDED.profiles,
    titles = EXCLUDED.titles,
    watches = EXCLUDED.watches,
    factors = EXCLUDED.factors,
    held_out = EXCLUDED.held_out,
    recall_model = EXCLUDED.recall_model,
    recall_popularity = EXCLUDED.recall_popularity,
    title_ids = EXCLUDED.title_ids,
    title_factors = EXCLUDED.title_factors;

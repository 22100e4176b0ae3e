-- name: webhook_endpoint_count$
-- Count the endpoints of a merchant.
SELECT count(*)
FROM payments.webhook_endpoint
WHERE merchant_id = :merchant_id;

-- name: webhook_endpoint_delete!
-- Delete an endpoint.
DELETE FROM payments.webhook_endpoint
WHERE webhook_endpoint_id = :webhook_endpoint_id;

-- name: webhook_endpoint_find^
-- Read one endpoint of a merchant.
SELECT *
FROM payments.webhook_endpoint
WHERE webhook_endpoint_id = :webhook_endpoint_id AND merchant_id = :merchant_id;

-- name: webhook_endpoint_list
-- Read a page of the endpoints of a merchant.
SELECT *
FROM payments.webhook_endpoint
WHERE
    merchant_id = :merchant_id
    AND (:older_than::uuid IS NULL OR webhook_endpoint_id < :older_than)
    AND (:newer_than::uuid IS NULL OR webhook_endpoint_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN webhook_endpoint_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN webhook_endpoint_id END DESC
LIMIT :limit;

-- name: webhook_endpoint_list_enabled
-- Read the enabled endpoints of merchants.
SELECT *
FROM payments.webhook_endpoint
WHERE merchant_id = ANY(:merchant_ids::uuid[]) AND is_enabled;

-- name: webhook_endpoint_save!
-- Store an endpoint.
INSERT INTO payments.webhook_endpoint (
    webhook_endpoint_id,
    organisation_id,
    merchant_id,
    subscription_id,
    url,
    enabled_events,
    description,
    api_version,
    is_enabled,
    metadata,
    created_at
)
VALUES (
    :webhook_endpoint_id,
    :organisation_id,
    :merchant_id,
    :subscription_id,
    :url,
    :enabled_events,
    :description,
    :api_version,
    :is_enabled,
    :metadata::text::jsonb,
    :created_at
)
ON CONFLICT (webhook_endpoint_id) DO UPDATE
SET
    subscription_id = excluded.subscription_id,
    url = excluded.url,
    enabled_events = excluded.enabled_events,
    description = excluded.description,
    is_enabled = excluded.is_enabled,
    metadata = excluded.metadata;

-- The dead letters of a subscription, latest first.
CREATE INDEX delivery_dead_of_subscription ON webhooks.delivery (subscription_id, finished_at, delivery_id)
WHERE status = 'failed';

-- All subscriptions of a customer, also deleted ones: their dead letters are kept.
CREATE INDEX subscription_of_subscriber ON webhooks.subscription (organisation_id, subscriber_id, subscription_id)
WHERE subscriber_id IS NOT NULL;

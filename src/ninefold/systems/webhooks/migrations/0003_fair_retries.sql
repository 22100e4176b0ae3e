-- Finds the organisations that have something to retry, and of each what is due, however much another one has.
CREATE INDEX delivery_claimable_of_organisation ON webhooks.delivery (organisation_id, next_attempt_at)
WHERE status = 'retrying' AND leased_by IS NULL;

-- A delivery exists from its event's acceptance on, also while it is in no table.
UPDATE webhooks.delivery
SET created_at = event.accepted_at
FROM webhooks.event
WHERE event.event_id = delivery.event_id;

ALTER TABLE webhooks.delivery
ALTER COLUMN created_at DROP DEFAULT;

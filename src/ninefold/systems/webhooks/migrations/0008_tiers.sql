-- How urgent an event is: 0 critical, 1 standard, 2 bulk. Workers claim each tier by itself, so that a backlog of one
-- doesn't delay another. The deliveries of an event have its tier.
ALTER TABLE webhooks.event
ADD COLUMN tier smallint NOT NULL DEFAULT 1 CONSTRAINT event_tier_known CHECK (tier BETWEEN 0 AND 2);

ALTER TABLE webhooks.delivery
ADD COLUMN tier smallint NOT NULL DEFAULT 1 CONSTRAINT delivery_tier_known CHECK (tier BETWEEN 0 AND 2);

ALTER TYPE webhooks.outcome
ADD ATTRIBUTE tier smallint;

DROP INDEX webhooks.event_claimable;

CREATE INDEX event_claimable ON webhooks.event (tier, organisation_id, event_id)
WHERE status = 'queued' AND leased_by IS NULL;

DROP INDEX webhooks.delivery_claimable;

CREATE INDEX delivery_claimable ON webhooks.delivery (tier, next_attempt_at)
WHERE status = 'retrying' AND leased_by IS NULL;

DROP INDEX webhooks.delivery_claimable_of_organisation;

CREATE INDEX delivery_claimable_of_organisation ON webhooks.delivery (tier, organisation_id, next_attempt_at)
WHERE status = 'retrying' AND leased_by IS NULL;

DROP INDEX webhooks.delivery_waiting;

-- The waiting deliveries of each subscription and tier, oldest first.
CREATE INDEX delivery_waiting ON webhooks.delivery (subscription_id, tier, round_started_at, delivery_id)
WHERE status = 'waiting' AND leased_by IS NULL;

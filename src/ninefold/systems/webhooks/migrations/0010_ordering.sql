-- Events of one ordering key go to a subscription one after another, if it asks for that.
ALTER TABLE webhooks.subscription
ADD COLUMN ordering text NOT NULL DEFAULT 'none' CHECK (ordering IN ('none', 'fifo')),
-- What happens to the later events of a key when one has failed for good.
ADD COLUMN ordering_on_failure text NOT NULL DEFAULT 'block' CHECK (ordering_on_failure IN ('block', 'skip'));

ALTER TABLE webhooks.event
ADD COLUMN ordering_key text,
-- Whether some of its deliveries were put in order when it was accepted; the fan-out leaves those out.
ADD COLUMN is_ordered boolean NOT NULL DEFAULT FALSE,
ADD CONSTRAINT event_ordered_by_a_key CHECK (NOT is_ordered OR ordering_key IS NOT NULL);

-- A delivery that waits for an earlier one of its key is `held`: nothing claims it, and its time doesn't run out.
ALTER TABLE webhooks.delivery
DROP CONSTRAINT delivery_status_check,
DROP CONSTRAINT delivery_finished_unless_pending,
ADD CONSTRAINT delivery_status_check CHECK (
    status IN ('retrying', 'waiting', 'held', 'delivered', 'failed', 'canceled')
),
ADD CONSTRAINT delivery_finished_unless_pending CHECK (
    (status IN ('retrying', 'waiting', 'held')) = (finished_at IS NULL)
),
ADD CONSTRAINT delivery_held_before_its_first_attempt CHECK (status <> 'held' OR attempt_count = 0);

-- The order of the deliveries that haven't ended. A row is deleted when its delivery has ended.
CREATE TABLE webhooks.ordered_delivery (
    -- A number from a sequence, so that the order doesn't depend on the clock of the process that made the event's id.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id uuid NOT NULL,
    ordering_key text NOT NULL,
    delivery_id uuid NOT NULL,
    -- When its turn began: no earlier delivery of the key was left. Its delivery is no longer held.
    turn_started_at timestamptz,
    -- When its delivery failed for good, and the later ones were left waiting. A retry doesn't change it.
    blocked_at timestamptz,
    CONSTRAINT ordered_delivery_blocked_in_its_turn CHECK (blocked_at IS NULL OR turn_started_at IS NOT NULL)
);

CREATE UNIQUE INDEX ordered_delivery_of_delivery ON webhooks.ordered_delivery (delivery_id);

-- At most one delivery of a key has its turn, whatever happens at the same time.
CREATE UNIQUE INDEX ordered_delivery_current ON webhooks.ordered_delivery (subscription_id, ordering_key)
WHERE turn_started_at IS NOT NULL;

CREATE INDEX ordered_delivery_next ON webhooks.ordered_delivery (subscription_id, ordering_key, position)
WHERE turn_started_at IS NULL;

CREATE INDEX ordered_delivery_blocked ON webhooks.ordered_delivery (subscription_id, position)
WHERE blocked_at IS NOT NULL;

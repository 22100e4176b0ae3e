-- The payment that an event is about, if it is about one.
ALTER TABLE payments.event ADD COLUMN intent_id uuid GENERATED ALWAYS AS (
    coalesce(
        snapshot #>> '{intent,intent_id}', snapshot #>> '{charge,intent_id}', snapshot #>> '{refund,intent_id}'
    )::uuid
) STORED;

CREATE INDEX event_of_intent ON payments.event (intent_id, event_id)
WHERE intent_id IS NOT NULL;

-- What webhook delivery calls an event for each endpoint that it was handed over for.
CREATE TABLE payments.event_forward (
    event_id uuid NOT NULL REFERENCES payments.event ON DELETE CASCADE,
    webhook_endpoint_id uuid NOT NULL,
    url text NOT NULL,
    webhook_event_id uuid NOT NULL,
    PRIMARY KEY (event_id, webhook_endpoint_id)
);

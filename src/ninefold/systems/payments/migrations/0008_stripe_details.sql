-- What the last attempt to pay was made with, as it then was, if it has failed.
ALTER TABLE payments.intent ADD COLUMN failed_payment_method jsonb;

-- The call whose failure has returned a refund to the balance.
ALTER TABLE payments.refund
ADD COLUMN failure_attempt_id uuid REFERENCES payments.attempt,
ADD CONSTRAINT refund_failed_by_an_attempt CHECK (failure_attempt_id IS NULL OR state = 'failed');

UPDATE payments.refund
SET failure_attempt_id = attempt.attempt_id
FROM payments.attempt
WHERE
    refund.state = 'failed'
    AND attempt.refund_id = refund.refund_id
    AND attempt.state IN ('declined', 'not_sent');

-- The request that has caused an event, and what the object was like before.
ALTER TABLE payments.event
ADD COLUMN request_id text CHECK (char_length(request_id) BETWEEN 1 AND 200),
ADD COLUMN idempotency_key text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
ADD COLUMN previous jsonb;

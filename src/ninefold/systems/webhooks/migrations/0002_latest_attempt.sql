-- A delivery carries its latest attempt, and a table keeps those before it. Most deliveries succeed at once: each is
-- then one row, written once, and by COPY.
ALTER TABLE webhooks.delivery
ADD COLUMN last_attempted_at timestamptz,
ADD COLUMN last_duration_ms real CHECK (last_duration_ms >= 0),
ADD COLUMN last_response_status smallint,
ADD COLUMN last_response_body bytea,
ADD COLUMN is_last_response_body_truncated boolean,
-- Empty after success; `unsuccessful_status` when an answer came that wasn't 2xx.
ADD COLUMN last_error_class text,
ADD COLUMN last_error_detail text,
-- COPY can't compute anything: what it writes is finished when it is written.
ALTER COLUMN finished_at SET DEFAULT now();

UPDATE webhooks.delivery
SET
    last_attempted_at = attempt.attempted_at,
    last_duration_ms = attempt.duration_ms,
    last_response_status = attempt.response_status,
    last_response_body = attempt.response_body,
    is_last_response_body_truncated = attempt.is_response_body_truncated,
    last_error_class = attempt.error_class,
    last_error_detail = attempt.error_detail
FROM webhooks.attempt
WHERE attempt.delivery_id = delivery.delivery_id
    AND attempt.attempt_number = delivery.attempt_count;

DELETE FROM webhooks.attempt
USING webhooks.delivery
WHERE delivery.delivery_id = attempt.delivery_id
    AND delivery.attempt_count = attempt.attempt_number;

ALTER TABLE webhooks.delivery
ADD CONSTRAINT delivery_has_its_last_attempt CHECK (
    (attempt_count > 0) = (last_attempted_at IS NOT NULL)
    AND (last_attempted_at IS NULL) = (last_duration_ms IS NULL)
    AND (last_attempted_at IS NULL) = (is_last_response_body_truncated IS NULL)
),
ADD CONSTRAINT delivery_last_attempt_answered_or_failed CHECK (
    last_attempted_at IS NULL OR last_response_status IS NOT NULL OR last_error_class IS NOT NULL
),
ADD CONSTRAINT delivery_last_attempt_succeeded_on_2xx CHECK (
    last_attempted_at IS NULL OR last_error_class IS NOT NULL OR last_response_status BETWEEN 200 AND 299
),
ADD CONSTRAINT delivery_last_attempt_explains_its_error CHECK (
    (last_error_class IS NULL) = (last_error_detail IS NULL)
);

ALTER TABLE webhooks.attempt RENAME TO earlier_attempt;
ALTER INDEX webhooks.attempt_pkey RENAME TO earlier_attempt_pkey;

-- As before, but for `attempt_count`: it is the attempt's number.
DROP TYPE webhooks.outcome;

CREATE TYPE webhooks.outcome AS (
    delivery_id uuid,
    organisation_id uuid,
    event_id uuid,
    subscription_id uuid,
    status text,
    round_attempt_count integer,
    round_started_at timestamptz,
    retry_delay_s double precision,
    attempt_number integer,
    attempted_at timestamptz,
    duration_ms real,
    response_status smallint,
    response_body text,
    is_response_body_truncated boolean,
    error_class text,
    error_detail text
);

-- name: alert_evaluation_begin$
-- Lock the evaluation until the end of the transaction, if it is due and no other worker has it; return the time.
UPDATE webhooks.alert_evaluation
SET evaluated_at = statement_timestamp()
WHERE is_only IN (
    SELECT is_only
    FROM webhooks.alert_evaluation
    WHERE evaluated_at <= statement_timestamp() - :interval_s::double precision * interval '1 second'
    FOR UPDATE SKIP LOCKED
)
RETURNING evaluated_at;

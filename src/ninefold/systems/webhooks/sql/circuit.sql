-- name: circuit_probe_now!
-- Let the next attempt of a subscription whose circuit is open be made at once.
UPDATE webhooks.circuit
SET
    retry_at = now(),
    changed_at = clock_timestamp()
WHERE subscription_id = :subscription_id
    AND retry_at > now();

-- name: circuit_reset!
-- Close the circuit of a subscription and forget its failures, as if its endpoint had always been healthy.
UPDATE webhooks.circuit
SET
    consecutive_failures = 0,
    failing_since = NULL,
    opened_at = NULL,
    retry_at = NULL,
    probe_expires_at = NULL,
    throttled_until = NULL,
    pause_announced_at = NULL,
    changed_at = clock_timestamp()
WHERE subscription_id = :subscription_id;

-- Figures of an event type, and an alert that is firing, with a message that could not be sent.
INSERT INTO webhooks.figured_type (organisation_id, subscription_id, event_type)
VALUES ('019b7760-0000-7000-8000-0000000000a1', '00000000-0000-0000-0000-000000000000', 'order.created');

INSERT INTO webhooks.alert (
    alert_id, organisation_id, kind, is_installation_wide, state, title, detail, value, threshold, fired_at
)
VALUES (
    '019b7760-8000-7000-8000-000000000001', '019b7760-0000-7000-8000-0000000000a1', 'failure_share', FALSE, 'firing',
    '50 % of the attempts fail', 'Of 2 attempts, 1 failed.', 0.5, 0.05, '2026-01-01T00:00:00Z'
);

INSERT INTO webhooks.alert_notification (alert_id, change, channel, attempt_count, error)
VALUES ('019b7760-8000-7000-8000-000000000001', 'fired', 'slack', 1, 'The receiver answered 500.');

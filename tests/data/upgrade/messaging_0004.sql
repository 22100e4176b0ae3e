-- An app that is connected and has a command, something that it is told, its tickets, a view and a webhook.
UPDATE messaging.app
SET listens_until = '2026-01-01T00:00:00Z', event_types = '{app_mention}'
WHERE app_id = '01930000-0000-7000-8000-00000000e101';

INSERT INTO messaging.app_command (organisation_id, command, app_id)
VALUES ('01930000-0000-7000-8000-000000000001', '/deploy', '01930000-0000-7000-8000-00000000e101');

INSERT INTO messaging.app_event (
    app_event_id, app_id, transport, kind, type, payload, state, attempt_count, due_at, error, sent_at
)
VALUES (
    '01930000-0000-7000-8000-00000000ea01',
    '01930000-0000-7000-8000-00000000e101',
    'socket',
    'event',
    'team_join',
    '{"user": {"id": "U0000000001"}}',
    'retrying',
    1,
    '2026-01-01T00:00:00Z',
    'timeout',
    '2026-01-01T00:00:00Z'
);

INSERT INTO messaging.app_connection (connection_id, app_id)
VALUES ('01930000-0000-7000-8000-00000000ea02', '01930000-0000-7000-8000-00000000e101');

INSERT INTO messaging.ticket (digest, purpose, organisation_id, app_id, uses_left, expires_at)
VALUES (
    sha256('ticket'),
    'trigger',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000e101',
    1,
    '2026-01-01T00:00:00Z'
);

INSERT INTO messaging.view (
    view_id, slack_id, organisation_id, app_id, member_id, kind, content, hash, root_view_id
)
SELECT
    '01930000-0000-7000-8000-00000000ea03',
    'V0000000001',
    organisation_id,
    '01930000-0000-7000-8000-00000000e101',
    member_id,
    'modal',
    '{"type": "modal", "blocks": []}',
    '1.abc',
    '01930000-0000-7000-8000-00000000ea03'
FROM messaging.member
WHERE app_id = '01930000-0000-7000-8000-00000000e101';

INSERT INTO messaging.incoming_webhook (webhook_id, slack_id, organisation_id, app_id, channel_id, digest)
SELECT
    '01930000-0000-7000-8000-00000000ea04',
    'B0000000009',
    organisation_id,
    '01930000-0000-7000-8000-00000000e101',
    channel_id,
    sha256('secret')
FROM messaging.channel
ORDER BY channel_id
LIMIT 1;

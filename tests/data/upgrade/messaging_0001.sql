-- A workspace with an app, three members, a channel and a message with all that it can have.
INSERT INTO messaging.workspace (organisation_id, slack_id)
VALUES ('01930000-0000-7000-8000-000000000001', 'T0000000001');

INSERT INTO messaging.app (app_id, organisation_id, slack_id, name, signing_secret)
VALUES (
    '01930000-0000-7000-8000-00000000e101',
    '01930000-0000-7000-8000-000000000001',
    'A0000000001',
    'deploy',
    '00112233445566778899aabbccddeeff'
);

INSERT INTO messaging.member (member_id, organisation_id, slack_id, name, kind, app_id, bot_id)
VALUES
(
    '01930000-0000-7000-8000-00000000e001',
    '01930000-0000-7000-8000-000000000001',
    'U0000000001',
    'ines',
    'person',
    NULL,
    NULL
),
(
    '01930000-0000-7000-8000-00000000e002',
    '01930000-0000-7000-8000-000000000001',
    'U0000000002',
    'deploy',
    'bot',
    '01930000-0000-7000-8000-00000000e101',
    'B0000000001'
);

INSERT INTO messaging.token (credential_id, member_id)
SELECT credential_id, '01930000-0000-7000-8000-00000000e001'
FROM tenancy.credential
ORDER BY credential_id
LIMIT 1;

INSERT INTO messaging.channel (
    channel_id, organisation_id, slack_id, kind, name, is_general, last_sequence, last_ts_us
)
VALUES (
    '01930000-0000-7000-8000-00000000e201',
    '01930000-0000-7000-8000-000000000001',
    'C0000000001',
    'public',
    'general',
    TRUE,
    3,
    1764237600000200
);

INSERT INTO messaging.membership (channel_id, member_id, joined_at, joined_sequence, read_sequence)
VALUES
('01930000-0000-7000-8000-00000000e201', '01930000-0000-7000-8000-00000000e001', now(), 1, 1),
('01930000-0000-7000-8000-00000000e201', '01930000-0000-7000-8000-00000000e002', now(), 2, 3);

INSERT INTO messaging.event (channel_id, sequence, type, at, member_id, payload)
VALUES
(
    '01930000-0000-7000-8000-00000000e201',
    1,
    'member_joined',
    now(),
    '01930000-0000-7000-8000-00000000e001',
    '{"inviter_id": null}'
),
(
    '01930000-0000-7000-8000-00000000e201',
    2,
    'member_joined',
    now(),
    '01930000-0000-7000-8000-00000000e002',
    '{"inviter_id": null}'
),
(
    '01930000-0000-7000-8000-00000000e201',
    3,
    'message',
    now(),
    '01930000-0000-7000-8000-00000000e002',
    '{"ts": "1764237600.000200", "text": "Version 12 is out, <@U0000000001>."}'
);

INSERT INTO messaging.message (channel_id, sequence, ts_us, member_id, client_msg_id, text, app_id)
VALUES (
    '01930000-0000-7000-8000-00000000e201',
    3,
    1764237600000200,
    '01930000-0000-7000-8000-00000000e002',
    'v12',
    'Version 12 is out, <@U0000000001>.',
    '01930000-0000-7000-8000-00000000e101'
);

INSERT INTO messaging.sent (member_id, client_msg_id, channel_id, sequence)
VALUES ('01930000-0000-7000-8000-00000000e002', 'v12', '01930000-0000-7000-8000-00000000e201', 3);

INSERT INTO messaging.mention (member_id, channel_id, sequence)
VALUES ('01930000-0000-7000-8000-00000000e001', '01930000-0000-7000-8000-00000000e201', 3);

INSERT INTO messaging.reaction (channel_id, sequence, emoji, member_id, at)
VALUES ('01930000-0000-7000-8000-00000000e201', 3, 'tada', '01930000-0000-7000-8000-00000000e001', now());

INSERT INTO messaging.pin (channel_id, sequence, member_id, at)
VALUES ('01930000-0000-7000-8000-00000000e201', 3, '01930000-0000-7000-8000-00000000e001', now());

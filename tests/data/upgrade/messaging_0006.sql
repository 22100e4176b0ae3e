-- An app that waits for its signing secret to be sealed, and one whose secret is sealed.
INSERT INTO messaging.app (app_id, organisation_id, slack_id, name, signing_secret, sealed)
VALUES
(
    '01930000-0000-7000-8000-00000000e601', '01930000-0000-7000-8000-000000000001', 'A0000000601', 'plain',
    convert_to('00112233445566778899aabbccddeeff', 'UTF8'), NULL
),
(
    '01930000-0000-7000-8000-00000000e602', '01930000-0000-7000-8000-000000000001', 'A0000000602', 'sealed', NULL,
    '\x020011223344556677000000000000000000000000'::bytea || sha256('sealed')
);

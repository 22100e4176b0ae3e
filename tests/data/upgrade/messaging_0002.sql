-- A file that is shared in a message.
INSERT INTO messaging.file (
    file_id, organisation_id, slack_id, member_id, name, title, media_type, size_bytes, blob_id, kept_at
)
VALUES (
    '01930000-0000-7000-8000-00000000e401',
    '01930000-0000-7000-8000-000000000001',
    'F0000000001',
    '01930000-0000-7000-8000-00000000e001',
    'plan.pdf',
    'plan.pdf',
    'application/pdf',
    1000,
    '01930000-0000-7000-8000-00000000e499',
    now()
);

UPDATE messaging.message
SET file_ids = '{01930000-0000-7000-8000-00000000e401}'
WHERE channel_id = '01930000-0000-7000-8000-00000000e201' AND sequence = 3;

INSERT INTO messaging.file_share (file_id, channel_id, sequence)
VALUES ('01930000-0000-7000-8000-00000000e401', '01930000-0000-7000-8000-00000000e201', 3);

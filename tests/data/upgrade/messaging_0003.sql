-- A message that is found.
INSERT INTO messaging.message (channel_id, sequence, ts_us, member_id, organisation_id, text)
VALUES (
    '01930000-0000-7000-8000-00000000e201',
    4,
    1764237600000300,
    '01930000-0000-7000-8000-00000000e001',
    '01930000-0000-7000-8000-000000000001',
    'Lunch at noon? See https://example.com.'
);

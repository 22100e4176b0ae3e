INSERT INTO video.play (play_id, organisation_id, title_id, profile_id, started_at, received, seen_at, join_ms, played_ms)
VALUES (
    '01900000-0000-7000-8000-0000000f0020',
    '01900000-0000-7000-8000-000000000001',
    '01900000-0000-7000-8000-0000000f0001',
    '01900000-0000-7000-8000-0000000f0010',
    now(),
    '{[0,2)}',
    now(),
    900,
    10000
);

INSERT INTO video.title_day (title_id, day, organisation_id, plays, played_ms, stalled_ms, switches, failures)
VALUES (
    '01900000-0000-7000-8000-0000000f0001', '2026-01-01', '01900000-0000-7000-8000-000000000001', 3, 60000, 100, 2, 0
);

INSERT INTO video.join_day (title_id, day, bucket, plays)
VALUES ('01900000-0000-7000-8000-0000000f0001', '2026-01-01', 139, 3);

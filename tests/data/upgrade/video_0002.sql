INSERT INTO video.rung (title_id, name, kind, position, width, height, level, bitrate_max, timescale)
VALUES ('01900000-0000-7000-8000-0000000f0001', '360p', 'video', 0, 640, 360, '3.0', 800000, 90000);

INSERT INTO video.chunk (
    title_id, number, start_us, duration_us, first_segment, starts, end_tick, times, has_leading, needs_next, sha256, blob_id
)
VALUES (
    '01900000-0000-7000-8000-0000000f0001',
    0,
    0,
    4000000,
    0,
    '{0}',
    360000,
    '{0, 3600}',
    FALSE,
    FALSE,
    '\x00',
    '01900000-0000-7000-8000-0000000f0004'
);

INSERT INTO video.segment (title_id, rung, number, chunk_number, start, duration, blob_id, first_byte, size_bytes)
VALUES (
    '01900000-0000-7000-8000-0000000f0001',
    '360p',
    0,
    0,
    0,
    360000,
    '01900000-0000-7000-8000-0000000f0005',
    0,
    400000
);

INSERT INTO video.task (task_id, organisation_id, title_id, kind)
VALUES (
    '01900000-0000-7000-8000-0000000f0006',
    '01900000-0000-7000-8000-000000000001',
    '01900000-0000-7000-8000-0000000f0001',
    'split'
);

INSERT INTO video.sprite_sheet (
    title_id, number, blob_id, start_us, interval_us, pictures, columns, width, height
)
VALUES (
    '01900000-0000-7000-8000-0000000f0001', 0, '01900000-0000-7000-8000-0000000f0007', 0, 10000000, 1, 10, 160, 90
);

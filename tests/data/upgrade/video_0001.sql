INSERT INTO video.title (title_id, organisation_id, name, status, is_streamable, first_bytes_at)
VALUES ('01900000-0000-7000-8000-0000000f0001', '01900000-0000-7000-8000-000000000001', 'Salt Line', 'uploading', TRUE, now());

INSERT INTO video.upload (upload_id, organisation_id, title_id, length, last_offset, expires_at)
VALUES (
    '01900000-0000-7000-8000-0000000f0002',
    '01900000-0000-7000-8000-000000000001',
    '01900000-0000-7000-8000-0000000f0001',
    1000,
    400,
    now() + interval '1 day'
);

INSERT INTO video.source_part (upload_id, first_byte, size_bytes, blob_id)
VALUES ('01900000-0000-7000-8000-0000000f0002', 0, 400, '01900000-0000-7000-8000-0000000f0003');

INSERT INTO video.subtitle (title_id, language, label, webvtt)
VALUES ('01900000-0000-7000-8000-0000000f0001', 'en', 'English', E'WEBVTT\n');

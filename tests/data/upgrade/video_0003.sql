INSERT INTO video.profile (profile_id, organisation_id, name, maturity_max)
VALUES ('01900000-0000-7000-8000-0000000f0010', '01900000-0000-7000-8000-000000000001', 'Ines', 16);

INSERT INTO video.position (profile_id, title_id, position_ms, watched_at, is_finished)
VALUES (
    '01900000-0000-7000-8000-0000000f0010', '01900000-0000-7000-8000-0000000f0001', 148000, now(), FALSE
);

INSERT INTO video.list_entry (profile_id, title_id)
VALUES ('01900000-0000-7000-8000-0000000f0010', '01900000-0000-7000-8000-0000000f0001');

-- The trigger has filled video.title_search for titles from before.

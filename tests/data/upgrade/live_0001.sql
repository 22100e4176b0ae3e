INSERT INTO live.token_key (secret) VALUES (sha256('a key for tests'));
INSERT INTO live.server (server_id) VALUES ('019b7760-0000-7000-8000-0000000000d1');
INSERT INTO live.member (channel, client_id, server_id, user_id) VALUES
    (
        'board.notes:a',
        '019b7760-0000-7000-8000-0000000000e1',
        '019b7760-0000-7000-8000-0000000000d1',
        'key_01kdvp0000e00800000000003'
    );
INSERT INTO live.watched_channel (channel, watched_until, last_offset, deleted_offset) VALUES
    ('board.notes:a', '2026-01-01 00:01:00+00', 1767225600000002, 1767225600000000);
INSERT INTO live.watched_entry (channel, "offset", data, appended_at) VALUES
    ('board.notes:a', 1767225600000001, '{"a": 1}', '2026-01-01 00:00:00+00'),
    ('board.notes:a', 1767225600000002, '{"a": 2}', '2026-01-01 00:00:01+00');

-- A challenge that nobody has answered, and an open seek.
INSERT INTO chess.challenge (
    challenge_id, short_id, organisation_id, from_player_id, is_open, colour, is_rated, limit_s, increment_s,
    created_at, expires_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f101', 'q7ZvsdUF', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', TRUE, 'random', FALSE, 180, 2, now(), now() + interval '1 day'
);

INSERT INTO chess.seek (
    seek_id, organisation_id, player_id, colour, is_rated, days_per_turn, rating, created_at, expires_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f201', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', 'random', FALSE, 3, 1500, now(), now() + interval '1 day'
);

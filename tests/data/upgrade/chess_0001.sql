-- Two players, one with a token, a rating and how it has changed.
INSERT INTO chess.player (player_id, organisation_id, name, is_bot)
VALUES
('01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-000000000001', 'ines', FALSE),
('01930000-0000-7000-8000-00000000f002', '01930000-0000-7000-8000-000000000001', 'tomas_o', TRUE);

INSERT INTO chess.player_token (credential_id, player_id)
SELECT credential_id, '01930000-0000-7000-8000-00000000f001'
FROM tenancy.credential
ORDER BY credential_id
LIMIT 1;

INSERT INTO chess.rating (player_id, speed, rating, deviation, volatility, games, rated_at)
VALUES ('01930000-0000-7000-8000-00000000f001', 'blitz', 1662.2, 290.3, 0.06, 1, now());

INSERT INTO chess.rating_change (game_id, player_id, speed, rating_before, rating, deviation, at)
VALUES (
    '01930000-0000-7000-8000-00000000aa01',
    '01930000-0000-7000-8000-00000000f001',
    'blitz',
    1500,
    1662.2,
    290.3,
    now()
);

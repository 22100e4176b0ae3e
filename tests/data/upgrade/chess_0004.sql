-- The engine at level 3.
INSERT INTO chess.player (player_id, organisation_id, name, is_bot, engine_level)
VALUES (
    '01930000-0000-7000-8000-00000000f003', '01930000-0000-7000-8000-000000000001', 'Stockfish level 3', TRUE, 3
);

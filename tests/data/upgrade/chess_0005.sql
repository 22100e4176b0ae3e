-- A game that hasn't begun, beside the one that runs.
INSERT INTO chess.game (
    game_id, short_id, organisation_id, white_player_id, black_player_id, status, is_rated, speed, source,
    initial_fen, fen, position_keys, turn_started_at, last_sequence, created_at
)
SELECT
    uuidv7(), 'unbegun1', organisation_id, white_player_id, black_player_id, 'created', FALSE, 'correspondence', 'api',
    initial_fen, initial_fen, position_keys, now(), 1, now()
FROM chess.game
LIMIT 1;

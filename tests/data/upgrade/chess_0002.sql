-- A game after its first move, its log and what its player's client was told, who is at it, a heartbeat, and its chat.
INSERT INTO chess.game (
    game_id,
    short_id,
    organisation_id,
    white_player_id,
    black_player_id,
    status,
    is_rated,
    speed,
    limit_s,
    increment_s,
    source,
    initial_fen,
    fen,
    moves,
    position_keys,
    white_ms,
    black_ms,
    white_quota_ms,
    black_quota_ms,
    turn_started_at,
    deadline_at,
    last_sequence,
    created_at
)
VALUES (
    '01930000-0000-7000-8000-00000000aa02',
    'q7ZvsdUF',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001',
    '01930000-0000-7000-8000-00000000f002',
    'created',
    FALSE,
    'blitz',
    180,
    2,
    'api',
    'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1',
    'rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1',
    'e2e4',
    'a2e6b7c1d0f3a4b5',
    180000,
    180000,
    3000,
    3000,
    now(),
    now() + INTERVAL '25 seconds',
    2,
    now()
);

INSERT INTO chess.event (game_id, sequence, type, payload, at)
VALUES
('01930000-0000-7000-8000-00000000aa02', 1, 'started', '{}', now()),
('01930000-0000-7000-8000-00000000aa02', 2, 'move', '{"ply":1,"uci":"e2e4","san":"e4"}', now());

INSERT INTO chess.action (game_id, player_id, client_action_id, answer)
VALUES (
    '01930000-0000-7000-8000-00000000aa02',
    '01930000-0000-7000-8000-00000000f001',
    'first',
    '{"result":"committed","sequence":2,"ply":1}'
);

INSERT INTO chess.presence (game_id, colour, seen_at)
VALUES ('01930000-0000-7000-8000-00000000aa02', 'white', now());

INSERT INTO chess.heartbeat (beat_at)
VALUES (now());

INSERT INTO chess.chat (game_id, room, last_sequence)
VALUES ('01930000-0000-7000-8000-00000000aa02', 'player', 1);

INSERT INTO chess.chat_line (game_id, room, sequence, player_id, name, text, at)
VALUES (
    '01930000-0000-7000-8000-00000000aa02',
    'player',
    1,
    '01930000-0000-7000-8000-00000000f001',
    'ines',
    'Good luck!',
    now()
);

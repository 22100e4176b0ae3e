-- A callback with the longest type, in four bytes a character.
INSERT INTO callbacks.callback (
    callback_id, organisation_id, source_id, provider, status, received_at, judged_at, peer, method, scheme, path, query,
    headers, body, event_type, event_id
)
VALUES (
    '019b7760-4000-7000-8000-0000000000d1', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-0000-7000-8000-0000000000c1', 'github', 'verified', now(), now(), '192.0.2.1:50000', 'POST', 'https',
    '/in/in_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '', '', '', repeat('𝄞', 255), '019b7760-3000-7000-8000-0000000000e8'
);

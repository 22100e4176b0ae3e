-- A callback of another provider.
INSERT INTO callbacks.callback (
    callback_id, organisation_id, source_id, provider, status, received_at, judged_at, peer, method, scheme, path, query,
    headers, body
)
VALUES (
    '019b7760-4000-7000-8000-0000000000e1', '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-0000-7000-8000-0000000000c1', 'zoom', 'handshake', now(), now(), '192.0.2.1:50000', 'POST', 'https',
    '/in/in_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '', '', ''
);

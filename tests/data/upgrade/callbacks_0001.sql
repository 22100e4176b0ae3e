-- A source that is in use, and one callback in each status.
INSERT INTO callbacks.source (
    source_id, organisation_id, provider, name, token, secrets, options, answer_status, answer_content_type, answer_body
)
VALUES (
    '019b7760-0000-7000-8000-0000000000c1', '019b7760-0000-7000-8000-0000000000a1', 'github', 'Code',
    'in_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '{"It''s a Secret to Everybody"}', '{}', 200, 'text/plain', ''
);

INSERT INTO callbacks.callback (
    callback_id, organisation_id, source_id, provider, status, received_at, judged_at, peer, method, scheme, path, query,
    headers, body, event_type, provider_event_id, reason, detail, duplicate_of, event_id
)
SELECT
    callback.callback_id::uuid,
    '019b7760-0000-7000-8000-0000000000a1',
    '019b7760-0000-7000-8000-0000000000c1',
    'github',
    callback.status,
    now(),
    CASE WHEN callback.status <> 'received' THEN now() END,
    '192.0.2.1:50000',
    'POST',
    'https',
    '/in/in_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '',
    E'content-type: application/json\r\n',
    '{"action":"opened"}',
    CASE WHEN callback.status IN ('verified', 'duplicate') THEN 'issues.opened' END,
    CASE WHEN callback.status IN ('verified', 'duplicate') THEN '72d3162e-cc78-11e3-81ab-4c9367dc0958' END,
    CASE WHEN callback.status = 'quarantined' THEN 'signature_mismatch' END,
    CASE WHEN callback.status = 'quarantined' THEN 'No secret of the source fits.' END,
    CASE WHEN callback.status = 'duplicate' THEN '019b7760-4000-7000-8000-0000000000c2'::uuid END,
    CASE WHEN callback.status = 'verified' THEN '019b7760-3000-7000-8000-0000000000e7'::uuid END
FROM (
    VALUES
    ('019b7760-4000-7000-8000-0000000000c1', 'received'),
    ('019b7760-4000-7000-8000-0000000000c2', 'verified'),
    ('019b7760-4000-7000-8000-0000000000c3', 'duplicate'),
    ('019b7760-4000-7000-8000-0000000000c4', 'quarantined'),
    ('019b7760-4000-7000-8000-0000000000c5', 'handshake')
) AS callback (callback_id, status);

INSERT INTO callbacks.dedupe_key (source_id, digest, callback_id, expires_at)
VALUES (
    '019b7760-0000-7000-8000-0000000000c1', sha256('1'), '019b7760-4000-7000-8000-0000000000c2',
    now() + interval '7 days'
);

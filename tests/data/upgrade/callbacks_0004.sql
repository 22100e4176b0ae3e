-- A source that waits to be sealed, one that is sealed, and one whose key was lost.
INSERT INTO callbacks.source (
    source_id, organisation_id, provider, name, token, configuration, sealed, answer_status, answer_content_type,
    answer_body
)
SELECT
    source.source_id::uuid,
    '019b7760-0000-7000-8000-0000000000a1',
    'github',
    'Code',
    source.token,
    source.configuration,
    source.sealed,
    200,
    'text/plain',
    ''
FROM (
    VALUES
    (
        '019b7760-0000-7000-8000-0000000000d1', 'in_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB',
        convert_to('{"secrets": ["plain"], "options": {}}', 'UTF8'), NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000d2', 'in_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC', NULL,
        '\x020011223344556677000000000000000000000000'::bytea || sha256('sealed')
    ),
    ('019b7760-0000-7000-8000-0000000000d3', 'in_DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD', NULL, NULL)
) AS source (source_id, token, configuration, sealed);

INSERT INTO blobs.usage (organisation_id, size_bytes, blob_count)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 1017, 4);

-- One that is being uploaded, one that is uploaded, one that a row names, and one that is deleted.
INSERT INTO blobs.blob (
    blob_id, organisation_id, owner, content_type, state, size_bytes, sha256, uploaded_at, stored_at, deleted_at
)
VALUES
    (
        '019b7760-0000-7000-8000-0000000000b1', '019b7760-0000-7000-8000-0000000000a1', 'messaging.file', 'image/png',
        'pending', 1000, NULL, NULL, NULL, NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000b2', '019b7760-0000-7000-8000-0000000000a1', 'messaging.file', 'image/png',
        'pending', 5, sha256('first'), now(), NULL, NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000b3', '019b7760-0000-7000-8000-0000000000a1', 'messaging.file', 'text/plain',
        'stored', 6, sha256('second'), now(), now(), NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000b4', '019b7760-0000-7000-8000-0000000000a1', 'messaging.file', 'text/plain',
        'deleted', 6, sha256('third '), now(), now(), now()
    );

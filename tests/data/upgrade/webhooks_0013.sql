-- A secret that an old process inserts before it is sealed, and one that is sealed.
INSERT INTO webhooks.signing_secret (signing_secret_id, subscription_id, key, sealed, expires_at)
VALUES
(
    '019b7760-6000-7000-8000-0000000000f1', '019b7760-1000-7000-8000-000000000051', sha256('plain'), NULL,
    now() + interval '1 day'
),
(
    '019b7760-6000-7000-8000-0000000000f2', '019b7760-1000-7000-8000-000000000051', NULL,
    '\x020011223344556677000000000000000000000000' || sha256('sealed'), now() + interval '1 day'
);

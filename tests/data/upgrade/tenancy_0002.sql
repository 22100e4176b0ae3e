-- A key that has expired, and a credential of another kind that belongs to a person.
INSERT INTO tenancy.credential (
    credential_id, kind, prefix, digest, organisation_id, account_id, scopes, name, created_at, expires_at
)
VALUES
    (
        '019b7760-4000-7000-8000-0000000000c4', 'api_key', 'nfk_Samp1eK6', decode(repeat('01', 32), 'hex'),
        '019b7760-0000-7000-8000-0000000000a1', NULL, '{*}', 'trial', now() - interval '2 days',
        now() - interval '1 day'
    ),
    (
        '019b7760-4000-7000-8000-0000000000c5', 'session', 'Samp', decode(repeat('02', 32), 'hex'),
        '019b7760-0000-7000-8000-0000000000a1', '019b7760-4000-7000-8000-0000000000ac', '{read}', 'Firefox', now(),
        now() + interval '1 day'
    );

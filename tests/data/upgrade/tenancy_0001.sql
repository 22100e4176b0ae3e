INSERT INTO tenancy.organisation (organisation_id, name)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 'default');

-- The digest of nfk_Samp1eK3_ and 43 zeros.
INSERT INTO tenancy.api_key (api_key_id, organisation_id, name, prefix, digest, last_used_at, revoked_at)
VALUES
    (
        '019b7760-0000-7000-8000-0000000000c1', '019b7760-0000-7000-8000-0000000000a1', 'default', 'nfk_Samp1eK3',
        '\x96c666d693e6fb55989da05b2292efce02dc94dc74b25d112a1ba3841febb0ed', now(), NULL
    ),
    (
        '019b7760-0000-7000-8000-0000000000c2', '019b7760-0000-7000-8000-0000000000a1', 'old', 'nfk_Samp1eK4',
        decode(repeat('00', 32), 'hex'), NULL, now()
    ),
    -- Its use was noted before its creation, by a clock that was set back.
    (
        '019b7760-0000-7000-8000-0000000000c3', '019b7760-0000-7000-8000-0000000000a1', 'early', 'nfk_Samp1eK5',
        decode(repeat('03', 32), 'hex'), now() - interval '1 hour', NULL
    );

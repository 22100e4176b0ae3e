-- An owner with an authenticator app, and a viewer who hasn't chosen a password.
INSERT INTO tenancy.account (account_id, email, name, password_hash, password_changed_at, totp_secret, totp_enabled_at)
VALUES
    (
        '019b7760-8000-7000-8000-0000000000ac', 'mia@example.com', 'Mia',
        '$argon2id$v=19$m=8,t=1,p=1$c2FtcGxlc2FsdA$Yf6FmJzVb6Vh8d4F0sWm3A', now(), 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', now()
    ),
    ('019b7760-8000-7000-8000-0000000000ad', 'noa@example.com', 'Noa', NULL, NULL, NULL, NULL);

INSERT INTO tenancy.recovery_code (account_id, digest)
VALUES ('019b7760-8000-7000-8000-0000000000ac', decode(repeat('0a', 32), 'hex'));

INSERT INTO tenancy.membership (organisation_id, account_id, role)
VALUES
    ('019b7760-0000-7000-8000-0000000000a1', '019b7760-8000-7000-8000-0000000000ac', 'owner'),
    ('019b7760-0000-7000-8000-0000000000a1', '019b7760-8000-7000-8000-0000000000ad', 'viewer');

-- A session without an organisation, a personal token, and the link of an invitation.
INSERT INTO tenancy.credential (
    credential_id, kind, prefix, digest, organisation_id, account_id, scopes, name, created_from, expires_at
)
VALUES
    (
        '019b7760-8000-7000-8000-0000000000c6', 'session', 'nfs_Samp1eK7', decode(repeat('04', 32), 'hex'),
        NULL, '019b7760-8000-7000-8000-0000000000ac', '{}', 'Firefox', '203.0.113.7', now() + interval '1 day'
    ),
    (
        '019b7760-8000-7000-8000-0000000000c7', 'personal_token', 'nfp_Samp1eK8', decode(repeat('05', 32), 'hex'),
        '019b7760-0000-7000-8000-0000000000a1', '019b7760-8000-7000-8000-0000000000ac', '{read}', 'laptop', NULL, NULL
    ),
    (
        '019b7760-8000-7000-8000-0000000000c8', 'invitation_link', 'nfi_Samp1eK9', decode(repeat('06', 32), 'hex'),
        '019b7760-0000-7000-8000-0000000000a1', NULL, '{}', 'invitation', '203.0.113.7', now() + interval '7 days'
    );

INSERT INTO tenancy.invitation (invitation_id, organisation_id, email, role, invited_by)
VALUES (
    '019b7760-8000-7000-8000-0000000000c8', '019b7760-0000-7000-8000-0000000000a1', 'ida@example.com', 'developer',
    '019b7760-8000-7000-8000-0000000000ac'
);

INSERT INTO tenancy.sign_in_limit (subject, digest, failure_count, last_failed_at, locked_until)
VALUES ('account', decode(repeat('07', 32), 'hex'), 6, now(), now() + interval '2 seconds');

INSERT INTO tenancy.audit_entry (
    audit_entry_id, organisation_id, operation, target_id, account_id, credential_id, address, request_id, result
)
VALUES (
    '019b7760-8000-7000-8000-0000000000e1', '019b7760-0000-7000-8000-0000000000a1', 'create_invitation',
    'inv_01kdvp1000e00800000000006q', '019b7760-8000-7000-8000-0000000000ac', '019b7760-8000-7000-8000-0000000000c6',
    '203.0.113.7', 'req_01kdvp1000e00800000000006q', 'succeeded'
);

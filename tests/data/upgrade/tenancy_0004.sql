-- An owner whose authenticator app's secret is sealed. Mia's waits to be.
INSERT INTO tenancy.account (account_id, email, name, password_hash, password_changed_at, totp_sealed, totp_enabled_at)
VALUES (
    '019b7760-8000-7000-8000-0000000000ae', 'ola@example.com', 'Ola',
    '$argon2id$v=19$m=8,t=1,p=1$c2FtcGxlc2FsdA$Yf6FmJzVb6Vh8d4F0sWm3A', now(),
    '\x020011223344556677000000000000000000000000'::bytea || sha256('sealed'), now()
);

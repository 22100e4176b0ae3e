-- Secrets of authenticator apps are sealed. Those that exist are sealed by the first process of this version that starts, since
-- SQL doesn't have the key; their column is empty from then on.
ALTER TABLE tenancy.account
DROP CONSTRAINT account_totp_secret_check,
DROP CONSTRAINT account_totp_has_a_secret,
ALTER COLUMN totp_secret TYPE bytea USING convert_to(totp_secret, 'UTF8'),
ADD COLUMN totp_sealed bytea,
ADD CONSTRAINT account_totp_has_one_form CHECK (num_nonnulls(totp_secret, totp_sealed) <= 1),
ADD CONSTRAINT account_totp_has_a_secret CHECK (
    num_nonnulls(totp_secret, totp_sealed) = 1 OR totp_enabled_at IS NULL
);

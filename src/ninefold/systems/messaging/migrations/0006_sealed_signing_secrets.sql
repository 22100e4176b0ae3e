-- Signing secrets are sealed. Those that exist are sealed by the first process of this version that starts, since SQL doesn't
-- have the key; their column is empty from then on.
ALTER TABLE messaging.app
DROP CONSTRAINT app_signing_secret_check,
ALTER COLUMN signing_secret DROP NOT NULL,
ALTER COLUMN signing_secret TYPE bytea USING convert_to(signing_secret, 'UTF8'),
ADD COLUMN sealed bytea,
ADD CONSTRAINT app_has_one_form CHECK (num_nonnulls(signing_secret, sealed) = 1);

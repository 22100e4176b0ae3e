-- Secrets are sealed. Those that exist are sealed by the first process of this version that starts, since SQL doesn't have
-- the key; their column is empty from then on.
ALTER TABLE webhooks.signing_secret
ALTER COLUMN key DROP NOT NULL,
ADD COLUMN sealed bytea,
ADD CONSTRAINT signing_secret_has_one_form CHECK (num_nonnulls(key, sealed) = 1);

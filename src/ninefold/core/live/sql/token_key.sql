-- name: token_key_find$
-- Find the key that signs tokens.
SELECT secret
FROM live.token_key;

-- name: token_key_insert!
-- Add the key that signs tokens, unless there is one.
INSERT INTO live.token_key (secret)
VALUES (:secret)
ON CONFLICT DO NOTHING;

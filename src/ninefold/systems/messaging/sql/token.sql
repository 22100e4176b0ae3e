-- name: token_find_app^
-- Read the app whose a token is.
SELECT app.*
FROM messaging.app
INNER JOIN messaging.token USING (app_id)
WHERE token.credential_id = :credential_id;

-- name: token_insert!
-- Say whose a token is.
INSERT INTO messaging.token (credential_id, member_id, app_id)
VALUES (:credential_id, :member_id, :app_id);

-- name: token_list
-- Read the ids of a member's tokens.
SELECT credential_id
FROM messaging.token
WHERE member_id = :member_id
LIMIT :limit;

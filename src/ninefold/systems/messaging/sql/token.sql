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

-- name: token_list_deactivated
-- Return those of these tokens whose members, or whose app's bots, are deactivated.
SELECT token.credential_id
FROM messaging.token
INNER JOIN messaging.member ON member.member_id = token.member_id OR member.app_id = token.app_id
WHERE token.credential_id = ANY(:credential_ids::uuid[]) AND member.is_deactivated;

-- name: token_list_of_app
-- Read the ids of the tokens of an app and of its bot.
SELECT token.credential_id
FROM messaging.member AS bot
INNER JOIN messaging.token ON token.member_id = bot.member_id OR token.app_id = bot.app_id
WHERE bot.app_id = :app_id
LIMIT :limit;

-- name: member_find^
-- Read one member of an organisation.
SELECT *
FROM messaging.member
WHERE member_id = :member_id AND organisation_id = :organisation_id;

-- name: member_find_bot^
-- Read the bot with an id of Slack's API.
SELECT *
FROM messaging.member
WHERE bot_id = :bot_id AND organisation_id = :organisation_id;

-- name: member_find_by_account^
-- Read the member of an account in an organisation.
SELECT *
FROM messaging.member
WHERE organisation_id = :organisation_id AND account_id = :account_id;

-- name: member_find_by_app^
-- Read the bot of an app.
SELECT *
FROM messaging.member
WHERE app_id = :app_id;

-- name: member_find_by_email^
-- Read the first member with a mail address.
SELECT *
FROM messaging.member
WHERE organisation_id = :organisation_id AND lower(email) = lower(:email)
ORDER BY member_id
LIMIT 1;

-- name: member_find_by_token^
-- Read the member whose a token is.
SELECT member.*
FROM messaging.member
INNER JOIN messaging.token USING (member_id)
WHERE token.credential_id = :credential_id;

-- name: member_insert^
-- Insert a member; returns no row when the organisation has one of this name or this account.
INSERT INTO messaging.member (
    member_id,
    organisation_id,
    slack_id,
    name,
    display_name,
    real_name,
    email,
    kind,
    account_id,
    app_id,
    bot_id
)
VALUES (
    :member_id,
    :organisation_id,
    :slack_id,
    :name,
    :display_name,
    :real_name,
    :email,
    :kind,
    :account_id,
    :app_id,
    :bot_id
)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: member_list
-- Read a page of the members of an organisation, oldest first.
SELECT *
FROM messaging.member
WHERE organisation_id = :organisation_id
    AND (:after::uuid IS NULL OR member_id > :after)
ORDER BY member_id
LIMIT :limit;

-- name: member_list_by_ids
-- Read several members of an organisation.
SELECT *
FROM messaging.member
WHERE organisation_id = :organisation_id AND member_id = ANY(:member_ids::uuid[]);

-- name: member_list_by_names
-- Read the members of names.
SELECT *
FROM messaging.member
WHERE organisation_id = :organisation_id AND name = ANY(:names::text[]);

-- name: member_list_by_slack_ids
-- Read the members with ids of Slack's API.
SELECT *
FROM messaging.member
WHERE organisation_id = :organisation_id AND slack_id = ANY(:slack_ids::text[]);

-- name: member_list_deactivated_accounts
-- Return those of these accounts, each with an organisation, whose members there are deactivated.
SELECT given.account_id, given.organisation_id
FROM unnest(:account_ids::uuid[], :organisation_ids::uuid[]) AS given (account_id, organisation_id)
INNER JOIN messaging.member
    ON member.organisation_id = given.organisation_id
    AND member.account_id = given.account_id
WHERE member.is_deactivated;

-- name: member_list_of_channel
-- Read a page of the members of a channel, oldest first.
SELECT member.*
FROM messaging.membership
INNER JOIN messaging.member USING (member_id)
WHERE membership.channel_id = :channel_id
    AND membership.left_at IS NULL
    AND (:after::uuid IS NULL OR member_id > :after)
ORDER BY member_id
LIMIT :limit;

-- name: member_record_connected!
-- Write that members have a device connected, once a minute.
UPDATE messaging.member
SET seen_at = now()
WHERE member_id = ANY(:member_ids::uuid[]) AND (seen_at IS NULL OR seen_at < now() - interval '1 minute');

-- name: member_record_seen!
-- Write when a member has last done something, once a minute.
UPDATE messaging.member
SET seen_at = now()
WHERE member_id = :member_id AND (seen_at IS NULL OR seen_at < now() - interval '1 minute');

-- name: member_update^
-- Change what a member is called and whether it is there; NULL keeps a value.
UPDATE messaging.member
SET
    display_name = coalesce(:display_name::text, display_name),
    real_name = coalesce(:real_name::text, real_name),
    presence = coalesce(:presence::text, presence),
    is_deactivated = coalesce(:is_deactivated::boolean, is_deactivated)
WHERE member_id = :member_id
RETURNING *;

-- name: list_entry_count$
-- Count what is on the list of a profile.
SELECT count(*)
FROM video.list_entry
WHERE profile_id = :profile_id;

-- name: list_entry_delete!
-- Take a title off the list of a profile.
DELETE FROM video.list_entry
WHERE profile_id = :profile_id AND title_id = :title_id;

-- name: list_entry_insert!
-- Put a title on the list of a profile.
INSERT INTO video.list_entry (profile_id, title_id)
VALUES (:profile_id, :title_id)
ON CONFLICT DO NOTHING;

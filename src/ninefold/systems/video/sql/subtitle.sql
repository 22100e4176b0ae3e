-- name: subtitle_count$
-- Count the languages that a title has text for.
SELECT count(*)
FROM video.subtitle
WHERE title_id = :title_id;

-- name: subtitle_delete^
-- Delete the text for a language.
DELETE FROM video.subtitle
WHERE title_id = :title_id AND language = :language
RETURNING language;

-- name: subtitle_find^
-- Read the text for a language.
SELECT language, label, webvtt, updated_at
FROM video.subtitle
WHERE title_id = :title_id AND language = :language;

-- name: subtitle_list
-- Read which languages a title has text for.
SELECT language, label, updated_at
FROM video.subtitle
WHERE title_id = :title_id
ORDER BY language;

-- name: subtitle_put^
-- Write the text for a language.
INSERT INTO video.subtitle (title_id, language, label, webvtt)
VALUES (:title_id, :language, :label, :webvtt)
ON CONFLICT (title_id, language) DO UPDATE
SET label = excluded.label, webvtt = excluded.webvtt, updated_at = now()
RETURNING language, label, webvtt, updated_at;

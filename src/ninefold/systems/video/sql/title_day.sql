-- name: title_day_delete_old!
-- Delete the figures of days before a day.
DELETE FROM video.title_day
WHERE day < :before;

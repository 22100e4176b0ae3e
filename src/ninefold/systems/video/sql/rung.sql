-- name: rung_add_vmaf!
-- Add the score of a chunk to that of a rung, which is the mean of all.
UPDATE video.rung
SET
    vmaf = (coalesce(vmaf, 0) * scored_chunks + :score) / (scored_chunks + 1),
    scored_chunks = scored_chunks + 1
WHERE title_id = :title_id AND name = :name;

-- name: rung_delete!
-- Delete a rung that has turned out to have nothing.
DELETE FROM video.rung
WHERE title_id = :title_id AND name = :name;

-- name: rung_find^
-- Read a rung of a title.
SELECT *
FROM video.rung
WHERE title_id = :title_id AND name = :name;

-- name: rung_insert!
-- Insert a rung, if it isn't there yet.
INSERT INTO video.rung (
    title_id, name, kind, position, width, height, level, bitrate_max, frame_rate, timescale
)
VALUES (
    :title_id, :name, :kind, :position, :width, :height, :level, :bitrate_max, :frame_rate, :timescale
)
ON CONFLICT DO NOTHING;

-- name: rung_list
-- Read the rungs of a title: those with a picture from the lowest quality on, and the sound last.
SELECT *
FROM video.rung
WHERE title_id = :title_id
ORDER BY kind DESC, position;

-- name: rung_set_init^
-- Write the initialization segment of a rung, if it isn't known yet; return the one that it has.
UPDATE video.rung
SET init = coalesce(init, :init), codecs = coalesce(codecs, :codecs)
WHERE title_id = :title_id AND name = :name
RETURNING init;

-- name: rung_set_mean!
-- Write how many bits a second a rung has had so far.
UPDATE video.rung
SET bitrate_mean = listed.bitrate_mean
FROM (
    SELECT (sum(size_bytes) * 8 * :timescale / sum(duration))::integer AS bitrate_mean
    FROM video.segment
    WHERE title_id = :title_id AND rung = :name
) AS listed
WHERE rung.title_id = :title_id AND rung.name = :name;

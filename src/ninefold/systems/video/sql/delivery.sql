-- name: delivery_find_init^
-- Read the initialization segment of a rung.
SELECT rung.init
FROM video.rung
INNER JOIN video.title USING (title_id)
WHERE rung.title_id = :title_id
    AND rung.name = :rung
    AND title.organisation_id = :organisation_id
    AND title.deleted_at IS NULL
    AND title.status <> 'canceled'
    AND rung.init IS NOT NULL;

-- name: delivery_find_segment^
-- Find where the bytes of a segment are.
SELECT
    segment.blob_id,
    segment.first_byte,
    segment.size_bytes
FROM video.segment
INNER JOIN video.title USING (title_id)
WHERE segment.title_id = :title_id
    AND segment.rung = :rung
    AND segment.number = :number
    AND title.organisation_id = :organisation_id
    AND title.deleted_at IS NULL
    AND title.status <> 'canceled';

-- name: delivery_find_sheet^
-- Find where the bytes of a sheet of small pictures are.
SELECT sprite_sheet.blob_id
FROM video.sprite_sheet
INNER JOIN video.title USING (title_id)
WHERE sprite_sheet.title_id = :title_id
    AND sprite_sheet.number = :number
    AND title.organisation_id = :organisation_id
    AND title.deleted_at IS NULL
    AND title.status <> 'canceled';

-- name: delivery_find_subtitles^
-- Read the text of a title for a language.
SELECT subtitle.webvtt
FROM video.subtitle
INNER JOIN video.title USING (title_id)
WHERE subtitle.title_id = :title_id
    AND subtitle.language = :language
    AND title.organisation_id = :organisation_id
    AND title.deleted_at IS NULL
    AND title.status <> 'canceled';

-- name: delivery_find_title^
-- Read what the manifests of a title need of itself.
SELECT
    title_id,
    organisation_id,
    status,
    why,
    duration_us,
    poster_blob_id,
    created_at,
    playable_at
FROM video.title
WHERE title_id = :title_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
    AND status <> 'canceled';

-- name: delivery_list_gone
-- List those of some titles that are deleted or canceled.
SELECT wanted.title_id
FROM unnest(:title_ids::uuid []) AS wanted (title_id)
WHERE NOT EXISTS (
    SELECT
    FROM video.title
    WHERE title.title_id = wanted.title_id
        AND title.deleted_at IS NULL
    AND title.status <> 'canceled'
);

-- name: delivery_list_rungs
-- List the rungs of a title with their segments: the sound last, and the others from the lowest quality.
SELECT
    rung.name,
    rung.kind,
    rung.timescale,
    rung.codecs,
    rung.level,
    rung.bitrate_max,
    rung.bitrate_mean,
    rung.width,
    rung.height,
    rung.frame_rate,
    coalesce(listed.numbers, '{}') AS numbers,
    coalesce(listed.starts, '{}') AS starts,
    coalesce(listed.durations, '{}') AS durations,
    coalesce(listed.sizes, '{}') AS sizes
FROM video.rung
LEFT JOIN LATERAL (
    SELECT
        array_agg(segment.number ORDER BY segment.number) AS numbers,
        array_agg(segment.start ORDER BY segment.number) AS starts,
        array_agg(segment.duration ORDER BY segment.number) AS durations,
        array_agg(segment.size_bytes ORDER BY segment.number) AS sizes
    FROM video.segment
    WHERE segment.title_id = rung.title_id
        AND segment.rung = rung.name
) AS listed ON TRUE
WHERE rung.title_id = :title_id
ORDER BY rung.kind DESC, rung.position;

-- name: delivery_list_sheets
-- List the sheets of small pictures of a title.
SELECT
    number,
    start_us,
    interval_us,
    pictures,
    columns,
    width,
    height
FROM video.sprite_sheet
WHERE title_id = :title_id
ORDER BY number;

-- name: delivery_list_subtitles
-- List the languages that a title has text for.
SELECT
    language,
    label
FROM video.subtitle
WHERE title_id = :title_id
ORDER BY language;

-- name: rung_progress_list
-- Read the rungs of titles, lowest first and the sound last, with how many segments each has, and until when without a gap.
SELECT
    rung.title_id,
    rung.name,
    rung.kind,
    rung.width,
    rung.height,
    rung.bitrate_max,
    rung.bitrate_mean,
    rung.codecs,
    rung.vmaf,
    coalesce(ready.segments, 0) AS segments_ready,
    coalesce(ready.until::double precision / rung.timescale, 0) AS ready_until_s
FROM video.rung
LEFT JOIN LATERAL (
    SELECT
        count(*) AS segments,
        max(numbered.start + numbered.duration) FILTER (WHERE numbered.number = numbered.place - 1) AS until
    FROM (
        SELECT
            segment.number,
            segment.start,
            segment.duration,
            row_number() OVER (ORDER BY segment.number) AS place
        FROM video.segment
        WHERE segment.title_id = rung.title_id AND segment.rung = rung.name
    ) AS numbered
) AS ready ON TRUE
WHERE rung.title_id = ANY(:title_ids::uuid[])
ORDER BY rung.title_id, rung.kind DESC, rung.position;

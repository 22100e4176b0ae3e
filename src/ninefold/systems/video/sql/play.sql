-- name: play_add_beacon^
-- Add up what a beacon says, unless that was done; returns whose play it is, or no row.
UPDATE video.play
SET received = play.received + int4multirange(int4range(:sequence::integer, :sequence::integer + 1)),
    seen_at = greatest(play.seen_at, :seen_at),
    ended_at = greatest(play.ended_at, :ended_at::timestamptz),
    device = CASE WHEN play.device = '' THEN :device ELSE play.device END,
    join_ms = least(play.join_ms, :join_ms::integer),
    played_ms = play.played_ms + :played_ms::bigint,
    stalled_ms = play.stalled_ms + :stalled_ms::bigint,
    stalls = play.stalls + :stalls::integer,
    switches = play.switches + :switches::integer,
    errors = play.errors + :errors::integer,
    failures = play.failures + :failures::integer,
    last_error = coalesce(:last_error::text, play.last_error)
FROM video.title
WHERE play.play_id = :play_id
    AND play.title_id = :title_id
    AND play.organisation_id = :organisation_id
    AND title.title_id = play.title_id
    AND NOT play.received @> :sequence::integer
    AND (SELECT count(*) FROM unnest(play.received)) <= :gaps_max
RETURNING play.profile_id, title.duration_us;

-- name: play_count_watching$
-- Count the plays of an organisation, or of one title, whose latest beacon came lately.
SELECT count(*)
FROM video.play
WHERE organisation_id = :organisation_id
    AND (:title_id::uuid IS NULL OR title_id = :title_id)
    AND started_at > :started_after
    AND seen_at > :seen_after
    AND (ended_at IS NULL OR ended_at < seen_at);

-- name: play_delete_old$
-- Delete plays that began before a time, and add them to the figures of their days; count them.
WITH old AS (
    DELETE FROM video.play
    WHERE play_id IN (
        SELECT play_id
        FROM video.play
        WHERE started_at < :before
        ORDER BY started_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING *
), by_day AS (
    INSERT INTO video.title_day (title_id, day, organisation_id, plays, played_ms, stalled_ms, switches, failures)
    SELECT
        title_id,
        (started_at AT TIME ZONE 'UTC')::date,
        organisation_id,
        count(*),
        sum(played_ms),
        sum(stalled_ms),
        sum(switches),
        count(*) FILTER (WHERE failures > 0)
    FROM old
    GROUP BY 1, 2, 3
    ON CONFLICT (title_id, day) DO UPDATE
    SET plays = title_day.plays + EXCLUDED.plays,
        played_ms = title_day.played_ms + EXCLUDED.played_ms,
        stalled_ms = title_day.stalled_ms + EXCLUDED.stalled_ms,
        switches = title_day.switches + EXCLUDED.switches,
        failures = title_day.failures + EXCLUDED.failures
), by_bucket AS (
    INSERT INTO video.join_day (title_id, day, bucket, plays)
    SELECT title_id, (started_at AT TIME ZONE 'UTC')::date, video.join_bucket(join_ms), count(*)
    FROM old
    WHERE join_ms IS NOT NULL
    GROUP BY 1, 2, 3
    ON CONFLICT (title_id, day, bucket) DO UPDATE
    SET plays = join_day.plays + EXCLUDED.plays
)
SELECT count(*)
FROM old;

-- name: play_find^
-- Read one play of an organisation.
SELECT play_id, organisation_id, title_id, profile_id, started_at
FROM video.play
WHERE play_id = :play_id AND organisation_id = :organisation_id;

-- name: play_insert!
-- Insert a play.
INSERT INTO video.play (play_id, organisation_id, title_id, profile_id, device, started_at)
VALUES (:play_id, :organisation_id, :title_id, :profile_id, :device, :started_at);

-- name: play_list_joins
-- Read the histogram of how long joining took since a time, of an organisation or of one title.
SELECT title_id, bucket, sum(plays)::bigint AS plays
FROM (
    SELECT title_id, video.join_bucket(join_ms) AS bucket, count(*) AS plays
    FROM video.play
    WHERE organisation_id = :organisation_id
        AND (:title_id::uuid IS NULL OR title_id = :title_id)
        AND started_at >= :since
        AND join_ms IS NOT NULL
    GROUP BY 1, 2
    UNION ALL
    SELECT join_day.title_id, join_day.bucket, join_day.plays
    FROM video.title_day
    INNER JOIN video.join_day USING (title_id, day)
    WHERE title_day.organisation_id = :organisation_id
        AND (:title_id::uuid IS NULL OR title_day.title_id = :title_id)
        AND title_day.day >= (:since::timestamptz AT TIME ZONE 'UTC')::date
) AS counted
GROUP BY title_id, bucket
LIMIT :limit;

-- name: play_list_popular
-- Read which titles most viewers have begun lately, most first.
SELECT title_id
FROM (
    SELECT title_id, coalesce(profile_id, play_id) AS viewer
    FROM video.play
    WHERE organisation_id = :organisation_id AND started_at > :since
    ORDER BY started_at DESC
    LIMIT :plays_max
) AS latest
GROUP BY title_id
ORDER BY count(DISTINCT viewer) DESC, title_id DESC
LIMIT :limit;

-- name: play_list_sums
-- Add up the figures of each title since a time, of an organisation or of one title; most plays first.
SELECT
    title.title_id,
    title.name,
    sum(counted.plays)::bigint AS plays,
    sum(counted.played_ms)::bigint AS played_ms,
    sum(counted.stalled_ms)::bigint AS stalled_ms,
    sum(counted.switches)::bigint AS switches,
    sum(counted.failures)::bigint AS failures
FROM (
    SELECT
        title_id,
        count(*) AS plays,
        sum(played_ms) AS played_ms,
        sum(stalled_ms) AS stalled_ms,
        sum(switches) AS switches,
        count(*) FILTER (WHERE failures > 0) AS failures
    FROM video.play
    WHERE organisation_id = :organisation_id
        AND (:title_id::uuid IS NULL OR title_id = :title_id)
        AND started_at >= :since
    GROUP BY title_id
    UNION ALL
    SELECT title_id, plays, played_ms, stalled_ms, switches, failures
    FROM video.title_day
    WHERE organisation_id = :organisation_id
        AND (:title_id::uuid IS NULL OR title_id = :title_id)
        AND day >= (:since::timestamptz AT TIME ZONE 'UTC')::date
) AS counted
INNER JOIN video.title USING (title_id)
GROUP BY title.title_id, title.name
ORDER BY 3 DESC, title.title_id
LIMIT :limit;

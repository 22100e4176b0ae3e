-- name: title_search_list
-- Read the titles that have most of the words of a search, for viewers of an age; rare words and close ones count most.
WITH hit AS (
    SELECT found.title_id, wanted.number, max(wanted.closeness) AS closeness
    FROM unnest(:numbers::integer[], :closenesses::float8[], :words::text[]) AS wanted (number, closeness, word)
    CROSS JOIN LATERAL (
        SELECT title_id
        FROM video.title_search
        WHERE keys @> ARRAY[video.search_key(:organisation_id, wanted.word)]
        LIMIT CASE WHEN wanted.closeness = 1 THEN :exact_max::integer ELSE :hits_max::integer END
    ) AS found
    GROUP BY found.title_id, wanted.number
), weight AS (
    SELECT number, 1.0 / count(*) AS weight
    FROM hit
    GROUP BY number
), fitting AS (
    SELECT hit.title_id, count(*) AS words, sum(hit.closeness * weight.weight) AS fit
    FROM hit
    INNER JOIN weight USING (number)
    GROUP BY hit.title_id
    -- In order already here, so that only as many titles are read as are returned: their rows are long.
    ORDER BY words DESC, fit DESC, hit.title_id DESC
)
SELECT title.title_id, title.name, title.tags, substr(title.description, 1, 2000) AS description
FROM fitting
INNER JOIN video.title USING (title_id)
WHERE title.organisation_id = :organisation_id
    AND title.maturity <= :maturity_max
    AND title.playable_at IS NOT NULL
    AND title.status IN ('uploading', 'processing', 'ready')
    AND title.deleted_at IS NULL
ORDER BY fitting.words DESC, fitting.fit DESC, fitting.title_id DESC
LIMIT :limit;

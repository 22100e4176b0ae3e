-- name: title_search_list
-- Read the titles that have most of the words of a search, for viewers of an age; those that fit best first.
WITH hit AS (
    SELECT found.title_id, wanted.word, max(wanted.rank) AS rank
    FROM unnest(:words::integer[], :ranks::integer[], :terms::text[]) AS wanted (word, rank, term)
    CROSS JOIN LATERAL (
        SELECT title_id
        FROM video.title_search
        WHERE keys @> ARRAY[video.search_key(:organisation_id, wanted.term)]
        LIMIT :hits_max
    ) AS found
    GROUP BY found.title_id, wanted.word
), fitting AS (
    SELECT title_id, count(*) AS words, sum(rank) AS rank
    FROM hit
    GROUP BY title_id
)
SELECT title.title_id, title.name, title.tags, left(title.description, 2000) AS description
FROM fitting
INNER JOIN video.title USING (title_id)
WHERE title.organisation_id = :organisation_id
    AND title.maturity <= :maturity_max
    AND title.playable_at IS NOT NULL
    AND title.status IN ('uploading', 'processing', 'ready')
ORDER BY fitting.words DESC, fitting.rank DESC, title.title_id DESC
LIMIT :limit;

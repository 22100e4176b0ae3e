-- name: search_word_list
-- Read the words of an organisation that could be meant: the same ones, similar ones, and those that begin so.
(
    SELECT word
    FROM video.search_word
    WHERE organisation_id = :organisation_id AND word = ANY(:words::text[])
)
UNION
(
    SELECT word
    FROM video.search_word
    WHERE organisation_id = :organisation_id
        AND forms && ARRAY(SELECT video.search_key(:organisation_id, form) FROM unnest(:forms::text[]) AS form)
    LIMIT :limit
)
UNION
(
    SELECT word
    FROM video.search_word
    WHERE organisation_id = :organisation_id
        AND word >= :beginning
        AND word < :beginning || chr(1114111)
    ORDER BY length(word), word
    LIMIT :begun_max
);

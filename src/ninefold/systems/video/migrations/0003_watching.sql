-- Who watches: a person of a household, or a user of a product.
CREATE TABLE video.profile (
    profile_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    -- Titles for older viewers don't exist for this profile.
    maturity_max smallint NOT NULL DEFAULT 18 CHECK (maturity_max IN (0, 6, 12, 16, 18)),
    -- What the customer's own product calls it.
    external_id text CHECK (external_id <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organisation_id, external_id)
);

CREATE INDEX profile_listed ON video.profile (organisation_id, profile_id);

-- How far a profile is in a title: what remains of all reports of all its devices, in whatever order they came.
CREATE TABLE video.position (
    profile_id uuid NOT NULL REFERENCES video.profile ON DELETE CASCADE,
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    -- The latest report.
    position_ms integer NOT NULL CHECK (position_ms >= 0),
    watched_at timestamptz NOT NULL,
    device text NOT NULL DEFAULT '',
    is_finished boolean NOT NULL,
    -- Of the latest report that was at the end; NULL if there was none.
    finished_at timestamptz,
    PRIMARY KEY (profile_id, title_id),
    CONSTRAINT position_finished CHECK (
        (finished_at IS NULL OR finished_at <= watched_at) AND (NOT is_finished OR finished_at = watched_at)
    )
);

CREATE INDEX position_latest ON video.position (profile_id, watched_at DESC);

CREATE INDEX position_of_title ON video.position (title_id);

-- What a profile wants to watch.
CREATE TABLE video.list_entry (
    profile_id uuid NOT NULL REFERENCES video.profile ON DELETE CASCADE,
    title_id uuid NOT NULL REFERENCES video.title ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (profile_id, title_id)
);

CREATE INDEX list_entry_of_title ON video.list_entry (title_id);

-- The words of a text, as rules/words.py reads them: in lower case, without accents.
CREATE FUNCTION video.search_words(given text, words_max integer) RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT left(word, 24)
    FROM regexp_split_to_table(
        lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f''’]', '', 'g')),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+'
    ) WITH ORDINALITY AS found (word, number)
    WHERE word <> ''
    GROUP BY left(word, 24)
    ORDER BY min(number)
    LIMIT words_max
$$;

-- A word without one or two of its letters. Two words that differ by a typing error have one of these in common.
CREATE FUNCTION video.search_deletes(word text, deletes integer) RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT word
    UNION ALL
    SELECT left(word, one - 1) || substr(word, one + 1)
    FROM generate_series(1, length(word)) AS one
    UNION ALL
    SELECT left(word, one - 1) || substr(word, one + 1, other - one - 1) || substr(word, other + 1)
    FROM generate_series(1, length(word)) AS one
    CROSS JOIN LATERAL generate_series(one + 1, length(word)) AS other
    WHERE deletes > 1
$$;

-- What a title is found by. The first letter says what a term is: w is a word of the name or a tag, p its beginning, e the
-- first five letters with a typing error, o a word of the description, q its beginning, d a word with typing errors.
CREATE FUNCTION video.search_terms(name text, description text, tags text[]) RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    WITH main AS (
        SELECT word FROM video.search_words(name || ' ' || array_to_string(tags, ' '), 30) AS word
    ), other AS (
        SELECT word FROM video.search_words(description, 40) AS word
    )
    SELECT 'w' || word FROM main
    UNION
    SELECT 'p' || left(word, size) FROM main CROSS JOIN LATERAL generate_series(1, least(length(word) - 1, 10)) AS size
    UNION
    SELECT 'd' || form
    FROM main
    CROSS JOIN LATERAL video.search_deletes(left(word, 12), CASE WHEN length(word) < 8 THEN 1 ELSE 2 END) AS form
    WHERE length(word) >= 4
    UNION
    SELECT 'e' || form
    FROM main
    CROSS JOIN LATERAL video.search_deletes(left(word, 5), 1) AS form
    WHERE length(word) > 5
    UNION
    SELECT 'o' || word FROM other
    UNION
    SELECT 'q' || left(word, 4) FROM other WHERE length(word) > 4
    UNION
    SELECT 'd' || form
    FROM other
    CROSS JOIN LATERAL video.search_deletes(left(word, 12), 1) AS form
    WHERE length(word) >= 5
$$;

-- A term of an organisation, as a number.
CREATE FUNCTION video.search_key(organisation_id uuid, term text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(organisation_id::text || term, 0);

-- What titles are found by. A trigger keeps it: whatever writes a title needn't know of it.
CREATE TABLE video.title_search (
    title_id uuid PRIMARY KEY REFERENCES video.title ON DELETE CASCADE,
    keys bigint[] NOT NULL
);

CREATE INDEX title_search_keys ON video.title_search USING gin (keys);

CREATE FUNCTION video.index_title() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO video.title_search (title_id, keys)
    SELECT NEW.title_id, coalesce(array_agg(video.search_key(NEW.organisation_id, term)), '{}')
    FROM video.search_terms(NEW.name, NEW.description, NEW.tags) AS term
    ON CONFLICT (title_id) DO UPDATE SET keys = EXCLUDED.keys;
    RETURN NULL;
END
$$;

CREATE TRIGGER title_indexed
AFTER INSERT OR UPDATE OF name, description, tags ON video.title
FOR EACH ROW EXECUTE FUNCTION video.index_title();

INSERT INTO video.title_search (title_id, keys)
SELECT title_id, coalesce((
    SELECT array_agg(video.search_key(organisation_id, term))
    FROM video.search_terms(name, description, tags) AS term
), '{}')
FROM video.title;

-- What viewers can be shown, latest first.
CREATE INDEX title_shown ON video.title (organisation_id, playable_at DESC)
WHERE playable_at IS NOT NULL AND status IN ('uploading', 'processing', 'ready');

CREATE INDEX title_tags ON video.title USING gin (tags);

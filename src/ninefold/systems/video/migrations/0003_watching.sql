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
    SELECT substr(word, 1, 24)
    FROM regexp_split_to_table(
        lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f''’]', '', 'g')),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+'
    ) WITH ORDINALITY AS found (word, number)
    WHERE word <> ''
    GROUP BY substr(word, 1, 24)
    ORDER BY min(number)
    LIMIT words_max
$$;

-- A word without some of its letters. Two words that differ by typing errors have one of these in common. Those that begin
-- with d are for whole words, those with e for what somebody is still typing.
CREATE FUNCTION video.search_forms(word text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    WITH shortened AS (
        SELECT substr(word, 1, 12) AS whole, substr(word, 1, 5) AS beginning
    )
    SELECT 'd' || whole FROM shortened WHERE length(word) >= 4
    UNION
    SELECT 'd' || substr(whole, 1, one - 1) || substr(whole, one + 1)
    FROM shortened
    CROSS JOIN LATERAL generate_series(1, length(whole)) AS one
    WHERE length(word) >= 4
    UNION
    SELECT 'd' || substr(whole, 1, one - 1) || substr(whole, one + 1, other - one - 1) || substr(whole, other + 1)
    FROM shortened
    CROSS JOIN LATERAL generate_series(1, length(whole)) AS one
    CROSS JOIN LATERAL generate_series(one + 1, length(whole)) AS other
    WHERE length(word) >= 8
    UNION
    SELECT 'e' || beginning FROM shortened WHERE length(word) > 5
    UNION
    SELECT 'e' || substr(beginning, 1, one - 1) || substr(beginning, one + 1)
    FROM shortened
    CROSS JOIN LATERAL generate_series(1, 5) AS one
    WHERE length(word) > 5
$$;

-- A word or a form of an organisation, as a number.
CREATE FUNCTION video.search_key(organisation_id uuid, term text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(organisation_id::text || term, 0);

-- The words that an organisation's titles have, or have had: a search first finds what words are meant.
CREATE TABLE video.search_word (
    organisation_id uuid NOT NULL,
    word text COLLATE "C" NOT NULL,
    -- The keys of its forms.
    forms bigint[] NOT NULL,
    PRIMARY KEY (organisation_id, word)
);

-- Without a list of pending entries, which each search would read.
CREATE INDEX search_word_forms ON video.search_word USING gin (forms) WITH (fastupdate = off);

-- What titles are found by: the keys of their words.
CREATE TABLE video.title_search (
    title_id uuid PRIMARY KEY REFERENCES video.title ON DELETE CASCADE,
    keys bigint[] NOT NULL
);

CREATE INDEX title_search_keys ON video.title_search USING gin (keys) WITH (fastupdate = off);

-- A trigger keeps both, so that what writes a title needn't know of them.
CREATE FUNCTION video.index_title() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    found_words text[] := ARRAY(
        SELECT word FROM video.search_words(NEW.name || ' ' || array_to_string(NEW.tags, ' '), 40) AS word
        UNION
        SELECT word FROM video.search_words(NEW.description, 80) AS word
    );
BEGIN
    INSERT INTO video.title_search (title_id, keys)
    VALUES (NEW.title_id, ARRAY(SELECT video.search_key(NEW.organisation_id, word) FROM unnest(found_words) AS word))
    ON CONFLICT (title_id) DO UPDATE SET keys = EXCLUDED.keys;
    INSERT INTO video.search_word (organisation_id, word, forms)
    SELECT
        NEW.organisation_id,
        word,
        ARRAY(SELECT video.search_key(NEW.organisation_id, form) FROM video.search_forms(word) AS form)
    FROM unnest(found_words) AS found (word)
    WHERE NOT EXISTS (
        SELECT
        FROM video.search_word AS known
        WHERE known.organisation_id = NEW.organisation_id AND known.word = found.word COLLATE "C"
    )
    -- All in the same order, so that two titles with the same new words wait for each other in one direction.
    ORDER BY word COLLATE "C"
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER title_indexed
AFTER INSERT OR UPDATE OF name, description, tags ON video.title
FOR EACH ROW EXECUTE FUNCTION video.index_title();

-- Titles from before.
UPDATE video.title SET name = name;

-- What viewers can be shown, latest first.
CREATE INDEX title_shown ON video.title (organisation_id, playable_at DESC)
WHERE playable_at IS NOT NULL AND status IN ('uploading', 'processing', 'ready') AND deleted_at IS NULL;

CREATE INDEX title_tags ON video.title USING gin (tags);

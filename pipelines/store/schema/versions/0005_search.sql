-- Full text search. Documents follow the change feed (aiwire.index_changes), so that storing an article doesn't wait for them.
-- What is there already is indexed by the scheduler, as if it had just come: the migration itself takes no time.

-- -- Documents --------------------------------------------------------------------------------------------------------

CREATE TABLE aiwire.search_document (
    article_id  uuid PRIMARY KEY,
    revision    integer NOT NULL,
    outlet      text NOT NULL,
    language    text NOT NULL,
    at          timestamptz NOT NULL,
    document    tsvector NOT NULL
) WITH (toast_tuple_target = 128);
COMMENT ON TABLE aiwire.search_document IS 'what is searched, one row an article; one of another revision than the article''s is stale, and not found';
COMMENT ON COLUMN aiwire.search_document.language IS 'of the revision, else of its outlet';
COMMENT ON COLUMN aiwire.search_document.at IS 'published, or first seen where that was earlier: a date in the future is a mistake';
COMMENT ON COLUMN aiwire.search_document.document IS 'title A, standfirst B, text D, and words with a blank in them, which no text has: day, month, outlet, language, by (aiwire.search_number)';
-- What is not merged yet is a list that every search reads whole; but to merge documents one by one costs five times as much. So
-- they are merged by a hundred or more (aiwire.index_changes), never by the limit: that would be in the midst of a batch.
CREATE INDEX search_document_words ON aiwire.search_document USING gin (document) WITH (fastupdate = on, gin_pending_list_limit = 65536);

CREATE TABLE aiwire.search_progress (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    position  bigint NOT NULL,
    newest    timestamptz NOT NULL,
    unmerged  integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE aiwire.search_progress IS 'one row: up to which change documents are written, the latest time of any, and how many the index has not merged';
INSERT INTO aiwire.search_progress (position, newest) VALUES (0, '2000-01-01 00:00+00');

CREATE FUNCTION aiwire.search_configurations() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY['english', 'italian', 'german', 'french', 'spanish', 'simple']
$$;
CREATE FUNCTION aiwire.search_number(language text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE language WHEN 'en' THEN 1 WHEN 'it' THEN 2 WHEN 'de' THEN 3 WHEN 'fr' THEN 4 WHEN 'es' THEN 5 ELSE 6 END
$$;
COMMENT ON FUNCTION aiwire.search_number IS 'of a language (ISO 639-1) among aiwire.search_configurations(): by which its words are brought to their stems';

-- U+001F parts what is written without blanks (Thai, Lao, Burmese, Khmer, kana, Han, Hangul): the parser takes it for no
-- word, and it is found again in a highlight.
CREATE FUNCTION aiwire.search_words(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN words ~ '[\u0E00-\u0EFF\u1000-\u109F\u1100-\u11FF\u1780-\u17FF\u2E80-\u2FDF\u3005-\u3007\u3040-\u30FF\u3130-\u318F\u3400-\u4DBF\u4E00-\u9FFF\uA960-\uA97F\uAC00-\uD7FF\uF900-\uFAFF\uFF66-\uFFDC\U00020000-\U0003FFFF]'
        THEN regexp_replace(words, '([\u0E00-\u0EFF\u1000-\u109F\u1100-\u11FF\u1780-\u17FF\u2E80-\u2FDF\u3005-\u3007\u3040-\u30FF\u3130-\u318F\u3400-\u4DBF\u4E00-\u9FFF\uA960-\uA97F\uAC00-\uD7FF\uF900-\uFAFF\uFF66-\uFFDC\U00020000-\U0003FFFF])', E'\x1f\\1\x1f', 'g')
        ELSE words END
$$;

CREATE FUNCTION aiwire.search_text(language text, title text, standfirst text, body text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    by_language CONSTANT regconfig := (aiwire.search_configurations())[aiwire.search_number(language)]::regconfig;
    most integer := 100000;  -- characters of each; a book has more, an article has not
BEGIN
    LOOP
        BEGIN
            RETURN setweight(to_tsvector(by_language, aiwire.search_words(left(title, most))), 'A')
                   || setweight(to_tsvector(by_language, aiwire.search_words(left(coalesce(standfirst, ''), most))), 'B')
                   || to_tsvector(by_language, aiwire.search_words(left(body, most)));
        EXCEPTION WHEN program_limit_exceeded THEN  -- a tsvector holds 1 MB
            most := most / 2;
        END;
    END LOOP;
END $$;

CREATE FUNCTION aiwire.search_at(published_at timestamptz, first_seen_at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE
PARALLEL SAFE AS $$
    SELECT least(published_at, first_seen_at)
$$;

CREATE FUNCTION aiwire.search_tags(outlet text, language text, at timestamptz) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(ARRAY[to_char(at AT TIME ZONE 'UTC', '"day" YYYY-MM-DD'), to_char(at AT TIME ZONE 'UTC', '"month" YYYY-MM'),
        'outlet ' || outlet, 'language ' || language, 'by ' || aiwire.search_number(language)])
$$;
COMMENT ON FUNCTION aiwire.search_tags IS 'what narrows a search within the index itself';

CREATE FUNCTION aiwire.search_tag(tag text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('''' || replace(replace(tag, '\', '\\'), '''', '''''') || '''')::tsquery
$$;

-- -- Following the changes --------------------------------------------------------------------------------------------

CREATE FUNCTION aiwire.index_changes(most integer DEFAULT 200) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since bigint;
    told bigint;
    latest timestamptz;
    taken integer;
    added integer;
    ids uuid[];
BEGIN
    -- An idle installation writes nothing: a locked row would be a written one.
    IF NOT EXISTS (SELECT FROM aiwire.change c WHERE c.position > (SELECT p.position FROM aiwire.search_progress p)) THEN
        RETURN 0;
    END IF;
    SELECT p.position INTO since FROM aiwire.search_progress p FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;  -- another session does it
    END IF;
    -- Positions commit in order: what is visible has no gaps that are filled later.
    SELECT max(c.position), count(*), array_agg(DISTINCT c.article_id) INTO told, taken, ids
    FROM (SELECT c.position, c.article_id FROM aiwire.change c WHERE c.position > since ORDER BY c.position LIMIT most) AS c;
    IF taken = 0 THEN
        RETURN 0;
    END IF;
    DELETE FROM aiwire.search_document d USING aiwire.article a
    WHERE d.article_id = ANY (ids) AND a.id = d.article_id AND a.withheld;
    WITH written AS (
        INSERT INTO aiwire.search_document (article_id, revision, outlet, language, at, document)
        SELECT a.id, a.revision, a.outlet, l.language, t.at,
               aiwire.search_text(l.language, r.title, r.standfirst, r.text) || aiwire.search_tags(a.outlet, l.language, t.at)
        FROM aiwire.article a
        JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
        JOIN aiwire.outlet o ON o.slug = a.outlet
        CROSS JOIN LATERAL (SELECT coalesce(r.language, o.language)) AS l (language)
        CROSS JOIN LATERAL (SELECT aiwire.search_at(a.published_at, a.first_seen_at)) AS t (at)
        WHERE a.id = ANY (ids) AND NOT a.withheld AND NOT EXISTS (
            SELECT FROM aiwire.search_document d WHERE d.article_id = a.id AND d.revision = a.revision)
        ON CONFLICT (article_id) DO UPDATE SET revision = excluded.revision, outlet = excluded.outlet, language = excluded.language,
            at = excluded.at, document = excluded.document
        RETURNING at)
    SELECT max(at), count(*) INTO latest, added FROM written;
    SELECT p.unmerged + added INTO added FROM aiwire.search_progress p;
    IF added >= 100 THEN
        PERFORM gin_clean_pending_list('aiwire.search_document_words');
        added := 0;
    END IF;
    UPDATE aiwire.search_progress SET position = told, newest = greatest(newest, latest), unmerged = added;
    RETURN taken;
END $$;
COMMENT ON FUNCTION aiwire.index_changes IS 'bring the documents of up to most changes up to date, in one transaction; how many changes it took, 0: none, or another session is at it';

-- -- Searching --------------------------------------------------------------------------------------------------------

CREATE TYPE news.found AS (
    article_id       uuid,
    outlet           text,
    url              text,
    title            text,
    published_at     timestamptz,
    language         text,
    rank             real,
    title_highlight  text,
    highlight        text
);

COMMENT ON TYPE news.found IS 'what news.search returns';
COMMENT ON COLUMN news.found.language IS 'in which it was searched: its own, or its outlet''s where the page states none';
COMMENT ON COLUMN news.found.rank IS 'how well the words fit: higher is better, comparable within one answer only';
COMMENT ON COLUMN news.found.title_highlight IS 'the title, each word that was looked for between ⟦ and ⟧; plain text, no HTML';
COMMENT ON COLUMN news.found.highlight IS 'up to two passages of the text, likewise';

-- Inlined where it is called. The matches are taken from the index of words whatever the order is: a planner that walks
-- by time instead reads all documents, if the word is a rare one.
CREATE FUNCTION aiwire.search_matches(words tsquery, since timestamptz, until timestamptz, most integer)
RETURNS TABLE (article_id uuid, revision integer, language text, at timestamptz, document tsvector) LANGUAGE sql STABLE AS $$
    WITH matching AS MATERIALIZED (
        SELECT d.article_id, d.revision, d.language, d.at, d.document FROM aiwire.search_document d
        WHERE d.document @@ words AND d.at >= since AND d.at < until)
    SELECT m.article_id, m.revision, m.language, m.at, m.document FROM matching m ORDER BY m.at DESC, m.article_id LIMIT most
$$;
COMMENT ON FUNCTION aiwire.search_matches IS 'the newest documents of a time that match';

CREATE FUNCTION aiwire.search_highlight(language text, plain text, words tsquery, options text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    by_language CONSTANT regconfig := (aiwire.search_configurations())[aiwire.search_number(language)]::regconfig;
BEGIN
    -- The marks are no character of the text: there they become [ and ].
    IF plain ~ '[⟦⟧\x1f]' THEN
        plain := translate(plain, E'⟦⟧\x1f', '[] ');
    END IF;
    plain := ts_headline(by_language, aiwire.search_words(plain), words, 'StartSel=⟦, StopSel=⟧, ShortWord=0, ' || options);
    RETURN translate(replace(plain, E'⟧\x1f\x1f⟦', ''), E'\n\x1f', ' ');
END $$;

CREATE FUNCTION news.search(query text, language text DEFAULT NULL, outlet text DEFAULT NULL, since timestamptz DEFAULT NULL,
                            until timestamptz DEFAULT NULL, max integer DEFAULT 20, newest boolean DEFAULT false)
RETURNS SETOF news.found LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET jit = off
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    ranked CONSTANT integer := CASE WHEN search.newest THEN search.max ELSE greatest(search.max, 500) END;
    awaited CONSTANT integer := 50;
    of_text CONSTANT integer := 20000;  -- characters in which the words are marked
    at_first CONSTANT integer := 2000;  -- mostly they stand there; to mark them is the larger part of what a search costs
    passages CONSTANT text := 'MaxFragments=2, MinWords=12, MaxWords=28, FragmentDelimiter=" … "';
    characters CONSTANT text := 'MaxFragments=2, MinWords=24, MaxWords=60, FragmentDelimiter=" … "';
    earliest CONSTANT timestamptz := coalesce(search.since, '-infinity');
    latest CONSTANT timestamptz := coalesce(search.until, 'infinity');
    typed text := '';
    part text;
    quoted boolean := false;
    asked_by tsquery[];
    ranked_by tsquery[];
    asked tsquery;
    one record;
    noted bigint;
    top date;
    days integer := 2;
    tags tsquery;
    low timestamptz;
    high timestamptz := latest;
    found record;
    ids uuid[] := '{}';
    ranks real[] := '{}';
    times timestamptz[] := '{}';
BEGIN
    IF search.max IS NULL OR search.max NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'news.search: max is %, and must be 1 to 1000', coalesce(search.max::text, 'NULL') USING ERRCODE = 'AW003';
    END IF;
    -- What is written without blanks is looked for as a phrase of its characters.
    FOREACH part IN ARRAY string_to_array(left(search.query, 1000), '"') LOOP
        part := aiwire.search_words(replace(part, E'\x1f', ' '));
        typed := typed || CASE WHEN quoted THEN '"' || part || '"' ELSE regexp_replace(part, E'(\x1f[^\x1f]\x1f)+', '"\&"', 'g') END;
        quoted := NOT quoted;
    END LOOP;
    -- By the stems of each language; NULL: nothing of it is a word there. Words that must be absent say nothing of the rank.
    SELECT array_agg(q.words ORDER BY q.number),
           array_agg(CASE querytree(q.words) WHEN 'T' THEN ''::tsquery ELSE querytree(q.words)::tsquery END ORDER BY q.number)
    INTO asked_by, ranked_by
    FROM (SELECT c.number, CASE WHEN numnode(w.words) > 0 THEN w.words END AS words
          FROM unnest(aiwire.search_configurations()) WITH ORDINALITY AS c (name, number)
          CROSS JOIN LATERAL (SELECT websearch_to_tsquery(c.name::regconfig, typed)) AS w (words)) AS q;
    IF search.language IS NOT NULL THEN
        asked := asked_by[aiwire.search_number(search.language)] && aiwire.search_tag('language ' || search.language);
    ELSE
        -- A document is asked by the stems of its own language; where all languages agree, nothing need be said of it.
        FOR one IN SELECT q.words, count(*) AS languages, string_agg('''by ' || q.number || '''', '|')::tsquery AS tags
                   FROM unnest(asked_by) WITH ORDINALITY AS q (words, number) WHERE q.words IS NOT NULL GROUP BY q.words LOOP
            one.words := CASE WHEN one.languages = cardinality(asked_by) THEN one.words ELSE one.words && one.tags END;
            asked := coalesce(asked || one.words, one.words);
        END LOOP;
    END IF;
    IF search.outlet IS NOT NULL THEN
        asked := asked && aiwire.search_tag('outlet ' || search.outlet);
    END IF;
    IF asked IS NULL THEN
        RETURN;
    END IF;

    SELECT p.position, (p.newest AT TIME ZONE 'UTC')::date INTO noted, top FROM aiwire.search_progress p;
    -- What came since the documents were brought up to date: usually nothing, or the articles of a second.
    SELECT array_agg(m.id) AS ids, array_agg(m.at) AS times,
           array_agg(ts_rank(m.document, ranked_by[aiwire.search_number(m.language)], 1)) AS ranks INTO found
    FROM (SELECT a.id, l.language, t.at, x.document
          FROM (SELECT DISTINCT c.article_id FROM (SELECT c.article_id FROM aiwire.change c WHERE c.position > noted
                                                   ORDER BY c.position DESC LIMIT awaited) AS c) AS c
          JOIN aiwire.article a ON a.id = c.article_id
          JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
          JOIN aiwire.outlet o ON o.slug = a.outlet
          CROSS JOIN LATERAL (SELECT coalesce(r.language, o.language)) AS l (language)
          CROSS JOIN LATERAL (SELECT aiwire.search_at(a.published_at, a.first_seen_at)) AS t (at)
          CROSS JOIN LATERAL (SELECT aiwire.search_text(l.language, r.title, r.standfirst, r.text)
                                     || aiwire.search_tags(a.outlet, l.language, t.at) OFFSET 0) AS x (document)
          WHERE NOT a.withheld
            AND NOT EXISTS (SELECT FROM aiwire.search_document d WHERE d.article_id = a.id AND d.revision = a.revision)
            AND t.at >= earliest AND t.at < latest AND x.document @@ asked) AS m;
    ids := coalesce(found.ids, '{}');
    ranks := coalesce(found.ranks, '{}');
    times := coalesce(found.times, '{}');

    -- A word that stands in every fifth article would have all of these read. So the newest days are asked first, and each
    -- time four times as many, until there are enough; the index itself knows days and months.
    top := least(top, (search.until AT TIME ZONE 'UTC')::date);
    LOOP
        tags := NULL;
        IF days <= 8 THEN
            SELECT string_agg(to_char(top - n, '"''day" YYYY-MM-DD"''"'), '|')::tsquery INTO tags FROM generate_series(0, days - 1) AS n;
        ELSIF days <= 128 THEN
            SELECT string_agg(to_char(m, '"''month" YYYY-MM"''"'), '|')::tsquery INTO tags
            FROM generate_series(date_trunc('month', (top - days + 1)::timestamp), top::timestamp, interval '1 month') AS m;
        END IF;
        low := earliest;
        IF tags IS NOT NULL THEN
            low := greatest(low, (top - days + 1)::timestamp AT TIME ZONE 'UTC');
        END IF;
        SELECT array_agg(m.article_id) AS ids, array_agg(m.at) AS times,
               array_agg(ts_rank(m.document, ranked_by[aiwire.search_number(m.language)], 1)) AS ranks INTO found
        FROM aiwire.search_matches(coalesce(asked && tags, asked), low, high, ranked - cardinality(ids)) AS m
        JOIN aiwire.article a ON a.id = m.article_id AND a.revision = m.revision AND NOT a.withheld;
        ids := ids || found.ids;
        ranks := ranks || found.ranks;
        times := times || found.times;
        EXIT WHEN low = earliest OR cardinality(ids) >= ranked;
        high := low;
        top := top - days;
        days := days * 4;
    END LOOP;

    RETURN QUERY
    SELECT a.id, a.outlet, a.url, r.title, a.published_at, l.language, best.rank,
           aiwire.search_highlight(l.language, left(r.title, 1000), w.words, 'HighlightAll=true'),
           CASE WHEN near.highlight LIKE '%⟦%' OR length(r.text) <= at_first THEN near.highlight
                ELSE aiwire.search_highlight(l.language, left(r.text, of_text), w.words, w.options) END
    FROM (SELECT h.id, h.rank, h.at FROM unnest(ids, ranks, times) AS h (id, rank, at)
          ORDER BY CASE WHEN search.newest THEN h.at END DESC, h.rank DESC, h.at DESC, h.id LIMIT search.max) AS best
    JOIN aiwire.article a ON a.id = best.id
    JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
    JOIN aiwire.outlet o ON o.slug = a.outlet
    CROSS JOIN LATERAL (SELECT coalesce(r.language, o.language)) AS l (language)
    CROSS JOIN LATERAL (SELECT ranked_by[aiwire.search_number(l.language)],
                               CASE WHEN aiwire.search_words(left(r.text, 200)) LIKE E'%\x1f%' THEN characters ELSE passages END
                        OFFSET 0) AS w (words, options)
    CROSS JOIN LATERAL (SELECT aiwire.search_highlight(l.language, regexp_replace(left(r.text, at_first), CASE WHEN length(r.text) > at_first
                                   THEN '\s\S{0,40}$' ELSE '$' END, ''), w.words, w.options) OFFSET 0) AS near (highlight)
    ORDER BY CASE WHEN search.newest THEN best.at END DESC, best.rank DESC, best.at DESC, best.id;
END $$;
COMMENT ON FUNCTION news.search IS 'articles by their words, best first: see docs/contract.md. SQLSTATE AW003: max';

-- The change feed, tombstones, and revisions by month. The views only grow.

-- All at once, and all views before all tables, as readers take them: one that holds a view and waits for its table would
-- otherwise end in a deadlock with us, after all the copying. LOCK TABLE would take a view's tables along with it; what this
-- resets was never set. Who waits for less than deadlock_timeout makes nobody else the victim.
SET LOCAL lock_timeout = '500ms';
ALTER VIEW news.article RESET (security_barrier);
ALTER VIEW news.revision RESET (security_barrier);
ALTER VIEW news.removed_block RESET (security_barrier);
ALTER VIEW news.attribution RESET (security_barrier);
LOCK TABLE aiwire.entry, aiwire.article, aiwire.revision, aiwire.removed_block, aiwire.attribution IN ACCESS EXCLUSIVE MODE;
SET LOCAL lock_timeout TO DEFAULT;

-- -- Articles ---------------------------------------------------------------------------------------------------------

ALTER TABLE aiwire.article
    ADD COLUMN published_at      timestamptz,
    ADD COLUMN withdrawn_at      timestamptz,
    ADD COLUMN withdrawn_reason  text CHECK (withdrawn_reason IN ('gone', 'rights_reserved', 'forgotten')),
    ADD COLUMN withheld          boolean NOT NULL DEFAULT false,
    ADD CHECK ((withdrawn_at IS NULL) = (withdrawn_reason IS NULL)),
    ADD CHECK (NOT withheld OR withdrawn_at IS NOT NULL);
COMMENT ON TABLE aiwire.article IS 'one row an article, for ever; changed_at is seen_at of its current revision, to the microsecond: joins rely on it';
COMMENT ON COLUMN aiwire.article.published_at IS 'of its current revision: the newest are found by it';
COMMENT ON COLUMN aiwire.article.withheld IS 'consumers see no text of it';
UPDATE aiwire.article a SET published_at = r.published_at FROM aiwire.revision r
WHERE r.article_id = a.id AND r.number = a.revision AND r.published_at IS NOT NULL;
CREATE INDEX article_outlet_published ON aiwire.article (outlet, published_at DESC NULLS LAST, id);
CREATE INDEX article_published ON aiwire.article (published_at DESC NULLS LAST, id);

ALTER TABLE aiwire.entry ADD COLUMN missing_since timestamptz, ADD COLUMN looks_from timestamptz;
COMMENT ON COLUMN aiwire.entry.looks_from IS 'since when its second looks are counted: publication or discovery';
COMMENT ON COLUMN aiwire.entry.missing_since IS 'when the page of a stored article first answered 404, while it does';

CREATE TABLE aiwire.forgotten (
    url_key       text PRIMARY KEY,
    forgotten_at  timestamptz NOT NULL
);
COMMENT ON TABLE aiwire.forgotten IS 'addresses that are never fetched again, because somebody asked for it (aiwire forget)';

-- -- Revisions by month -----------------------------------------------------------------------------------------------
-- New rows come to the newest month alone: its indexes stay in memory, and vacuum leaves the others in peace. An
-- article's current revision is found by (article_id, number, seen_at), which names the month.

ALTER TABLE aiwire.removed_block DROP CONSTRAINT removed_block_article_id_revision_fkey;
ALTER TABLE aiwire.attribution DROP CONSTRAINT attribution_article_id_revision_fkey;
COMMENT ON TABLE aiwire.removed_block IS 'written with its revision in one transaction; a foreign key would look each row up once more';
ALTER TABLE aiwire.revision RENAME TO revision_unpartitioned;
ALTER TABLE aiwire.revision_unpartitioned RENAME CONSTRAINT revision_pkey TO revision_unpartitioned_pkey;

CREATE TABLE aiwire.revision (
    article_id           uuid NOT NULL,
    number               integer NOT NULL CHECK (number >= 1),
    reason               text NOT NULL CHECK (reason IN ('first', 'publisher_edit', 're_extraction')),
    changed              text[] NOT NULL,
    material             boolean CHECK (material IS NULL OR reason = 'publisher_edit'),
    title                text NOT NULL,
    standfirst           text,
    byline               text,
    authors              text[] NOT NULL,
    published_at         timestamptz,
    published_precision  text,
    published            text,
    modified_at          timestamptz,
    modified_precision   text,
    modified             text,
    language             text,
    section              text,
    image                text,
    paywalled            boolean NOT NULL,
    text                 text NOT NULL,
    relevant             boolean NOT NULL,
    relevance_score      real NOT NULL,
    relevance_why        text[] NOT NULL,
    provenance           jsonb NOT NULL,
    content_hash         bytea NOT NULL,
    capture_sha256       bytea NOT NULL,
    seen_at              timestamptz NOT NULL,
    rights               text,
    markdown             text,
    second_opinion       boolean NOT NULL DEFAULT false,
    rules                bytea,
    cleaned              text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (article_id, number, seen_at)
) PARTITION BY RANGE (seen_at);
COMMENT ON COLUMN aiwire.revision.rules IS 'the code and the rules that read it (pipelines.rules_version); NULL: before 0002';
COMMENT ON COLUMN aiwire.revision.markdown IS 'NULL unless setting markdown is true';
COMMENT ON COLUMN aiwire.revision.cleaned IS 'fields in which characters that Postgres can''t hold were replaced by U+FFFD';

-- -- Changes ----------------------------------------------------------------------------------------------------------

CREATE SEQUENCE aiwire.change_position;

CREATE TABLE aiwire.change (
    position    bigint PRIMARY KEY,
    article_id  uuid NOT NULL,
    outlet      text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('new', 'edit', 're_extraction', 'moved', 'withdrawn', 'restored')),
    revision    integer NOT NULL,
    material    boolean,
    changed     text[] NOT NULL,
    reason      text,
    withheld    boolean NOT NULL,
    told_at     timestamptz NOT NULL
) PARTITION BY RANGE (position);
COMMENT ON TABLE aiwire.change IS 'written by the trigger on article alone; rows are never changed';

-- Where this installation is. It differs after a restore, a move, a promotion: whatever came later elsewhere is lost.
CREATE TABLE aiwire.epoch (
    number       integer PRIMARY KEY,
    id           text NOT NULL UNIQUE CHECK (id ~ '^[0-9a-f]{8}$'),
    began_after  bigint NOT NULL,
    began_at     timestamptz NOT NULL,
    place        text NOT NULL
);
COMMENT ON TABLE aiwire.epoch IS 'a cursor of an epoch is good up to where the next one began';
COMMENT ON COLUMN aiwire.epoch.place IS 'cluster, timeline, database and table (aiwire.place()): where it was written';

-- -- Partitions, made ahead -------------------------------------------------------------------------------------------

CREATE FUNCTION aiwire.make_partitions(today date) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    months_ahead CONSTANT integer := 3;
    per_partition CONSTANT bigint := 10000000;
    partition text;
    first date;
    bottom bigint;
    wanted bigint := coalesce((SELECT max(position) FROM aiwire.change), 0) + 2 * per_partition;
BEGIN
    -- From the newest month that is there, so that there is no gap however long nobody called.
    SELECT to_date(max(substr(c.relname, 10)), 'YYYY_MM') + interval '1 month' INTO first
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'aiwire.revision'::regclass AND c.relname ~ '^revision_\d{4}_\d\d$';
    IF first IS NULL THEN
        first := date_trunc('month', today);
        CREATE TABLE aiwire.revision_before (LIKE aiwire.revision INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS);
        EXECUTE format('ALTER TABLE aiwire.revision ATTACH PARTITION aiwire.revision_before FOR VALUES FROM (MINVALUE) TO (%L)',
                       first || ' 00:00+00');
    END IF;
    WHILE first < date_trunc('month', today) + months_ahead * interval '1 month' LOOP
        partition := 'revision_' || to_char(first, 'YYYY_MM');
        EXECUTE format('CREATE TABLE aiwire.%I (LIKE aiwire.revision INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)',
                       partition);
        -- Attached, not made as a partition: that would lock out all who read or write the others.
        EXECUTE format('ALTER TABLE aiwire.revision ATTACH PARTITION aiwire.%I FOR VALUES FROM (%L) TO (%L)', partition,
                       first || ' 00:00+00', (first + interval '1 month')::date || ' 00:00+00');
        first := first + interval '1 month';
    END LOOP;
    SELECT coalesce(max(substr(c.relname, 8)::bigint) + 1, 0) * per_partition INTO bottom
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'aiwire.change'::regclass AND c.relname ~ '^change_\d+$';
    WHILE bottom < wanted LOOP
        partition := 'change_' || lpad((bottom / per_partition)::text, 5, '0');
        EXECUTE format('CREATE TABLE aiwire.%I (LIKE aiwire.change INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)',
                       partition);
        EXECUTE format('ALTER TABLE aiwire.change ATTACH PARTITION aiwire.%I FOR VALUES FROM (%L) TO (%L)', partition, bottom,
                       bottom + per_partition);
        bottom := bottom + per_partition;
    END LOOP;
END $$;
COMMENT ON FUNCTION aiwire.make_partitions IS 'revisions: three months ahead; changes: twenty million positions ahead. Called at each start and every hour';

SELECT aiwire.make_partitions((now() AT TIME ZONE 'UTC')::date);

INSERT INTO aiwire.revision (
    article_id, number, reason, changed, material, title, standfirst, byline, authors, published_at, published_precision,
    published, modified_at, modified_precision, modified, language, section, image, paywalled, text, relevant, relevance_score,
    relevance_why, provenance, content_hash, capture_sha256, seen_at, rights, markdown, second_opinion, rules, cleaned)
SELECT article_id, number, reason, changed, CASE WHEN reason = 'publisher_edit' THEN true END, title, standfirst, byline, authors,
    published_at, published_precision, published, modified_at, modified_precision, modified, language, section, image, paywalled,
    text, relevant, relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at, rights, markdown,
    second_opinion, rules, '{}'
FROM aiwire.revision_unpartitioned;

-- -- Telling a change -------------------------------------------------------------------------------------------------

CREATE FUNCTION aiwire.lock_changes() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(7019260143771513445)
$$;
COMMENT ON FUNCTION aiwire.lock_changes IS 'until the end of the transaction: positions are drawn, and become visible, one transaction after another';

CREATE FUNCTION aiwire.tell_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told text;
    why text;
    fields text[] := '{}';
    weight boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        told := 'new';
    ELSIF NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at THEN
        told := CASE WHEN NEW.withdrawn_at IS NULL THEN 'restored' ELSE 'withdrawn' END;
        why := NEW.withdrawn_reason;
    ELSIF NEW.withheld THEN
        RETURN NULL;
    ELSIF NEW.revision <> OLD.revision THEN
        SELECT CASE r.reason WHEN 're_extraction' THEN 're_extraction' ELSE 'edit' END, r.changed, r.material
        INTO STRICT told, fields, weight
        FROM aiwire.revision r WHERE r.article_id = NEW.id AND r.number = NEW.revision AND r.seen_at = NEW.changed_at;
    ELSIF NEW.url <> OLD.url THEN
        told := 'moved';
    ELSE
        RETURN NULL;
    END IF;
    -- This runs at the commit: from here to its end nobody waits for a client, and no position is drawn elsewhere.
    PERFORM aiwire.lock_changes();
    INSERT INTO aiwire.change (position, article_id, outlet, kind, revision, material, changed, reason, withheld, told_at)
    VALUES (nextval('aiwire.change_position'), NEW.id, NEW.outlet, told, NEW.revision, weight, fields, why, NEW.withheld,
            clock_timestamp());
    NOTIFY news_change;
    RETURN NULL;
END $$;

-- What was stored by earlier releases is told in the order in which it came.
INSERT INTO aiwire.change (position, article_id, outlet, kind, revision, material, changed, withheld, told_at)
SELECT nextval('aiwire.change_position'), r.article_id, r.outlet, r.kind, r.number, r.material, r.changed, false, r.seen_at
FROM (SELECT r.article_id, a.outlet, r.number, r.material, r.changed, r.seen_at,
             CASE r.reason WHEN 'first' THEN 'new' WHEN 'publisher_edit' THEN 'edit' ELSE r.reason END AS kind
      FROM aiwire.revision r JOIN aiwire.article a ON a.id = r.article_id
      ORDER BY r.seen_at, r.article_id, r.number) AS r;

CREATE CONSTRAINT TRIGGER tell_change AFTER INSERT OR UPDATE OF revision, url, withdrawn_at ON aiwire.article
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aiwire.tell_change();

CREATE FUNCTION aiwire.place() RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cluster text := '';
BEGIN
    BEGIN
        SELECT system_identifier INTO cluster FROM pg_control_system();
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;  -- the others tell enough
    END;
    RETURN concat_ws('/', cluster, substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
                     (SELECT oid FROM pg_database WHERE datname = current_database()), 'aiwire.epoch'::regclass::oid);
END $$;

-- settle_epoch() finds by itself that the place is another. It can't where a database is filled again in its place, or where
-- the server's files were put back.
CREATE FUNCTION aiwire.begin_epoch() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told bigint;
BEGIN
    PERFORM aiwire.lock_changes();
    SELECT coalesce(max(position), 0) INTO told FROM aiwire.change;
    PERFORM setval('aiwire.change_position', greatest(told, (SELECT last_value FROM aiwire.change_position)));
    INSERT INTO aiwire.epoch (number, id, began_after, began_at, place)
    SELECT coalesce(max(number), 0) + 1, substr(md5(gen_random_uuid()::text), 1, 8), told, clock_timestamp(), aiwire.place()
    FROM aiwire.epoch;
END $$;
COMMENT ON FUNCTION aiwire.begin_epoch IS 'from here on a cursor that saw more than is here is refused';

CREATE FUNCTION aiwire.settle_epoch() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here text;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN;
    END IF;
    here := aiwire.place();
    IF here = (SELECT place FROM aiwire.epoch ORDER BY number DESC LIMIT 1) THEN
        RETURN;
    END IF;
    PERFORM aiwire.lock_changes();
    IF here = (SELECT place FROM aiwire.epoch ORDER BY number DESC LIMIT 1) THEN
        RETURN;  -- another session did it while this one waited
    END IF;
    PERFORM aiwire.begin_epoch();
END $$;
COMMENT ON FUNCTION aiwire.settle_epoch IS 'begin a new epoch where this database is not the one that wrote the last; each session that writes calls it first';

SELECT aiwire.settle_epoch();

-- -- What consumers read ----------------------------------------------------------------------------------------------

-- Rows of withheld articles are filtered out; but whoever may call a function of his own in a WHERE can have it run before
-- that filter, and see what it is given. So the words themselves are NULL there. (security_barrier would keep consumers'
-- joins from using the indexes.)
CREATE OR REPLACE VIEW news.article AS
SELECT a.id, a.outlet, o.name AS outlet_name, a.url, CASE WHEN NOT a.withheld THEN r.title END AS title,
       CASE WHEN NOT a.withheld THEN r.standfirst END AS standfirst, CASE WHEN NOT a.withheld THEN r.byline END AS byline,
       CASE WHEN NOT a.withheld THEN r.authors END AS authors,
       a.published_at, r.published_precision, r.published, r.modified_at, r.modified_precision, r.modified,
       r.language, r.section, r.image, r.paywalled, CASE WHEN NOT a.withheld THEN r.text END AS text,
       ARRAY(SELECT DISTINCT t.credited FROM aiwire.attribution t
             WHERE t.article_id = a.id AND t.revision = a.revision ORDER BY 1) AS credited,
       r.relevant, r.relevance_score, a.revision, a.first_seen_at, a.changed_at, r.rights,
       CASE WHEN NOT a.withheld THEN r.markdown END AS markdown, a.withdrawn_at, a.withdrawn_reason
FROM aiwire.article a
JOIN aiwire.outlet o ON o.slug = a.outlet
-- Every article that is not withheld has one; but of a plain join with three conditions the planner expects a row in all,
-- and sorts a million articles where it should walk an index.
LEFT JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
WHERE NOT a.withheld;

CREATE OR REPLACE VIEW news.revision AS
SELECT r.article_id, r.number AS revision, r.reason, r.changed, CASE WHEN NOT a.withheld THEN r.title END AS title,
       CASE WHEN NOT a.withheld THEN r.standfirst END AS standfirst, CASE WHEN NOT a.withheld THEN r.byline END AS byline,
       CASE WHEN NOT a.withheld THEN r.authors END AS authors,
       r.published_at, r.published_precision, r.published, r.modified_at, r.modified_precision, r.modified,
       r.language, r.section, r.image, r.paywalled, CASE WHEN NOT a.withheld THEN r.text END AS text, r.relevant,
       r.relevance_score, CASE WHEN NOT a.withheld THEN r.provenance END AS provenance, r.seen_at,
       r.rights, CASE WHEN NOT a.withheld THEN r.markdown END AS markdown, r.second_opinion, r.material, r.cleaned
FROM aiwire.revision r JOIN aiwire.article a ON a.id = r.article_id
WHERE NOT a.withheld;

CREATE OR REPLACE VIEW news.removed_block AS
SELECT b.article_id, b.revision, b.ordinal, b.position, CASE WHEN NOT a.withheld THEN b.text END AS text, b.reason, b.rule
FROM aiwire.removed_block b JOIN aiwire.article a ON a.id = b.article_id
WHERE NOT a.withheld;

CREATE OR REPLACE VIEW news.attribution AS
SELECT t.article_id, t.revision, t.ordinal, t.credited, t.form, CASE WHEN NOT a.withheld THEN t.evidence END AS evidence,
       t.confidence
FROM aiwire.attribution t JOIN aiwire.article a ON a.id = t.article_id
WHERE NOT a.withheld;

DROP TABLE aiwire.revision_unpartitioned;

CREATE VIEW news.change AS
SELECT c.position, e.id || '-' || c.position AS cursor, c.article_id, c.outlet, c.kind, c.revision, c.material, c.changed,
       c.reason, c.withheld, c.told_at
FROM aiwire.change c
CROSS JOIN (SELECT id FROM aiwire.epoch ORDER BY number DESC LIMIT 1) AS e;

CREATE VIEW news.withdrawal AS
SELECT a.id AS article_id, a.outlet, a.url, a.withdrawn_reason AS reason, a.withheld, a.withdrawn_at, a.first_seen_at
FROM aiwire.article a
WHERE a.withdrawn_at IS NOT NULL;

CREATE VIEW news.outlet AS
SELECT o.slug AS outlet, o.name, o.homepage, o.language, o.definition ->> 'country' AS country,
       o.definition ->> 'timezone' AS timezone, o.policy, o.active,
       (SELECT max(a.first_seen_at) FROM aiwire.article a WHERE a.outlet = o.slug) AS last_article_at,
       x.drifted_at AS drifting_since, coalesce(x.evidence, '{}') AS drift_evidence
FROM aiwire.outlet o LEFT JOIN aiwire.outlet_extraction x ON x.outlet = o.slug;

CREATE VIEW news.source_health AS
SELECT s.id AS source, s.outlet, s.kind, s.url, s.active AND o.active AS active, s.state, s.last_poll_at, s.last_answer_at,
       s.last_new_at, greatest(s.next_poll_at, h.hold_until) AS next_poll_at, s.failures, s.error_code, s.error_message,
       s.entries_seen
FROM aiwire.source s JOIN aiwire.outlet o ON o.slug = s.outlet JOIN aiwire.host h ON h.name = s.host;

CREATE FUNCTION news.last_cursor() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT id FROM aiwire.epoch ORDER BY number DESC LIMIT 1) || '-'
           || coalesce((SELECT position FROM aiwire.change ORDER BY position DESC LIMIT 1), 0)
$$;
COMMENT ON FUNCTION news.last_cursor() IS 'the present end of the change feed: first take it, then copy news.article, then follow from it';

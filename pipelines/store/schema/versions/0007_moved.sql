-- After `aiwire db move` the source stays as it was: it answers what it has, refuses writes, and tells where it went.

CREATE TABLE aiwire.moved (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    "to"      text NOT NULL,
    moved_at  timestamptz NOT NULL
);
COMMENT ON TABLE aiwire.moved IS 'one row where this installation went elsewhere: nothing is written here any more';
COMMENT ON COLUMN aiwire.moved."to" IS 'host:port/database, never a password';

CREATE FUNCTION aiwire.refuse_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'this installation was moved to %: nothing is written here any more', (SELECT "to" FROM aiwire.moved)
        USING ERRCODE = 'AW004', HINT = 'Set DATABASE_URL to where it went.';
END $$;

CREATE FUNCTION aiwire.close(went text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fenced regclass;
BEGIN
    INSERT INTO aiwire.moved ("to", moved_at) VALUES (went, clock_timestamp());
    FOR fenced IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'aiwire'::regnamespace AND c.relkind IN ('r', 'p')
                  AND NOT c.relispartition AND c.relname NOT IN ('moved', 'heartbeat', 'alembic_version') ORDER BY c.relname LOOP
        EXECUTE format('CREATE TRIGGER refuse_write BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION aiwire.refuse_write()', fenced);
    END LOOP;
    NOTIFY news_change;  -- who follows learns it at once
END $$;
COMMENT ON FUNCTION aiwire.close IS 'the last step of aiwire db move, at the source';

CREATE FUNCTION aiwire.reopen() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fenced regclass;
BEGIN
    FOR fenced IN SELECT t.tgrelid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                  WHERE t.tgname = 'refuse_write' AND c.relnamespace = 'aiwire'::regnamespace LOOP
        EXECUTE format('DROP TRIGGER refuse_write ON %s', fenced);
    END LOOP;
    DELETE FROM aiwire.moved;
END $$;
COMMENT ON FUNCTION aiwire.reopen IS 'take a move back, as long as nothing was written where it went';

-- The feed by cursors; at its end, who follows a database that was left learns it.
CREATE FUNCTION news.changes(after text DEFAULT NULL, max integer DEFAULT 1000) RETURNS SETOF news.change
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text[] := regexp_match(after, '^([0-9a-f]{8})-([0-9]{1,18})$');
    since bigint := 0;
    known record;
    told bigint;
    went text;
BEGIN
    IF max IS NULL OR max < 1 THEN
        RAISE EXCEPTION 'news.changes: max is %, and must be 1 or more', coalesce(max::text, 'NULL') USING ERRCODE = 'AW003';
    END IF;
    IF after <> '' THEN
        IF parts IS NULL THEN
            RAISE EXCEPTION 'news.changes: % is no cursor', quote_literal(left(after, 60)) USING ERRCODE = 'AW002',
                HINT = 'Give the cursor of the last change that you took, as it was; NULL begins at the first.';
        END IF;
        since := parts[2];
        -- A cursor of an epoch is good up to where the next one began; one of the present epoch, up to the last change.
        SELECT e.number, (SELECT n.began_after FROM aiwire.epoch n WHERE n.number > e.number ORDER BY n.number LIMIT 1) AS until
        INTO known FROM aiwire.epoch e WHERE e.id = parts[1];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'news.changes: cursor % comes from another database, or from a time that this one has lost', after
                USING ERRCODE = 'AW001', DETAIL = 'Its epoch is not known here: perhaps an older backup was restored.',
                HINT = 'Copy news.article anew, and follow from news.last_cursor() as it was before.';
        END IF;
        told := coalesce(known.until, (SELECT position FROM aiwire.change ORDER BY position DESC LIMIT 1), 0);
        IF since > told AND NOT (known.until IS NULL AND pg_is_in_recovery()) THEN  -- a standby may be behind
            RAISE EXCEPTION 'news.changes: cursor % comes from a time that this database has lost', after
                USING ERRCODE = 'AW001',
                DETAIL = format('What it saw after position %s is not here: an older backup was restored, or a server took over that lacked it.', told),
                HINT = format('Go on from %L, and expect to be told again what you took after it; what you took and are not told again is lost here.',
                              parts[1] || '-' || told);
        END IF;
    END IF;
    RETURN QUERY SELECT c.* FROM news.change c WHERE c.position > since ORDER BY c.position LIMIT max;
    IF NOT FOUND THEN
        SELECT m."to" INTO went FROM aiwire.moved m;
        IF FOUND THEN
            RAISE EXCEPTION 'news.changes: this installation was moved to %, and you have all that was told here', went
                USING ERRCODE = 'AW004', HINT = 'Follow there; your cursor goes on.';
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION news.changes IS 'up to max changes after a cursor, in order; SQLSTATE AW001: what the cursor saw is lost here, AW002: no cursor, AW003: max';

-- Who may do what. Run as aiwire_owner whenever a release changed the schema or this file. First everything is taken back,
-- so that what stands here is all that the groups have; what an operator granted to roles of his own stays.

-- Not ALL TABLES IN SCHEMA: an operator may have put a view of his own into news. Partitions get nothing: they are reached
-- through their table alone, so that what may not be changed there can't be changed behind its back.

REVOKE ALL ON SCHEMA aiwire, news, aiwire_queue FROM PUBLIC, aiwire_ingest, aiwire_reader;
GRANT USAGE ON SCHEMA news TO aiwire_reader, aiwire_ingest;
GRANT USAGE ON SCHEMA aiwire, aiwire_queue TO aiwire_ingest;

DO $$
DECLARE
    one record;
    owner CONSTANT oid := (SELECT oid FROM pg_roles WHERE rolname = current_user);
BEGIN
    FOR one IN
        SELECT s.nspname AS space, c.oid::regclass AS name, c.relkind = 'S' AS counts, c.relispartition AS part
        FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
        WHERE s.nspname IN ('aiwire', 'news', 'aiwire_queue') AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relowner = owner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, aiwire_ingest, aiwire_reader', one.name);
        IF one.space = 'news' THEN
            EXECUTE format('GRANT SELECT ON %s TO aiwire_ingest, aiwire_reader', one.name);
        ELSIF one.counts THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO aiwire_ingest', one.name);
        ELSIF NOT one.part THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO aiwire_ingest', one.name);
            IF one.space = 'aiwire_queue' THEN  -- jobs are ended by deleting them
                EXECUTE format('GRANT DELETE ON %s TO aiwire_ingest', one.name);
            END IF;
        END IF;
    END LOOP;
    FOR one IN
        SELECT s.nspname AS space, p.oid::regprocedure AS name
        FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
        WHERE s.nspname IN ('aiwire', 'news', 'aiwire_queue') AND p.proowner = owner
    LOOP
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, aiwire_ingest, aiwire_reader', one.name);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO aiwire_ingest', one.name);
        IF one.space = 'news' THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO aiwire_reader', one.name);
        END IF;
    END LOOP;
END $$;

-- What was told and what was stored stays as it is; only the owner takes it away (aiwire forget, days that are over).
REVOKE UPDATE ON aiwire.change, aiwire.revision, aiwire.removed_block, aiwire.attribution, aiwire.capture FROM aiwire_ingest;
REVOKE INSERT, UPDATE ON aiwire.epoch, aiwire.moved, aiwire.alembic_version, aiwire.forgotten, aiwire.day_figure FROM aiwire_ingest;
-- Written by aiwire.index_changes, as its owner.
REVOKE INSERT, UPDATE ON aiwire.search_document, aiwire.search_progress FROM aiwire_ingest;

-- What the daemon takes away itself.
GRANT DELETE ON aiwire.re_extraction, aiwire.page_figure, aiwire.block_sighting, aiwire.heartbeat TO aiwire_ingest;

-- A function is everybody's as soon as it is made: not those to come. And a view that a migration makes anew can be read at
-- once, not only when this file has run.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT SELECT ON TABLES TO aiwire_reader, aiwire_ingest;
ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT EXECUTE ON ROUTINES TO aiwire_reader, aiwire_ingest;

-- Who may do what. Run as aiwire_owner whenever a release changed the schema or this file. First everything is taken back,
-- so that what stands here is all that the groups have; what an operator granted to roles of his own stays.

REVOKE ALL ON SCHEMA aiwire, news, aiwire_queue FROM PUBLIC, aiwire_ingest, aiwire_reader;
REVOKE ALL ON ALL TABLES IN SCHEMA aiwire, news, aiwire_queue FROM PUBLIC, aiwire_ingest, aiwire_reader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA aiwire, news, aiwire_queue FROM PUBLIC, aiwire_ingest, aiwire_reader;
REVOKE ALL ON ALL ROUTINES IN SCHEMA aiwire, news, aiwire_queue FROM PUBLIC, aiwire_ingest, aiwire_reader;

-- A function is everybody's as soon as it is made: not those to come. And a view that a migration makes anew can be read at
-- once, not only when this file has run.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT SELECT ON TABLES TO aiwire_reader, aiwire_ingest;
ALTER DEFAULT PRIVILEGES IN SCHEMA news GRANT EXECUTE ON ROUTINES TO aiwire_reader, aiwire_ingest;

-- -- Readers: schema news, and nothing else. Its functions work as their owner ----------------------------------------

GRANT USAGE ON SCHEMA news TO aiwire_reader, aiwire_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA news TO aiwire_reader, aiwire_ingest;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA news TO aiwire_reader, aiwire_ingest;

-- -- The daemon -------------------------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA aiwire, aiwire_queue TO aiwire_ingest;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA aiwire TO aiwire_ingest;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA aiwire TO aiwire_ingest;

-- Partitions are reached through their table alone: what may not be changed there can't be changed behind its back.
DO $$
DECLARE
    one regclass;
BEGIN
    FOR one IN SELECT c.oid FROM pg_class c
               WHERE c.relnamespace = 'aiwire'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO aiwire_ingest', one);
    END LOOP;
END $$;

-- What was told and what was stored stays as it is; only the owner takes it away (aiwire forget).
REVOKE UPDATE ON aiwire.change, aiwire.revision, aiwire.removed_block, aiwire.attribution FROM aiwire_ingest;
REVOKE INSERT, UPDATE ON aiwire.epoch, aiwire.alembic_version FROM aiwire_ingest;

-- What the daemon takes away itself.
GRANT DELETE ON aiwire.re_extraction, aiwire.page_figure, aiwire.block_sighting, aiwire.heartbeat, aiwire.run, aiwire.capture TO aiwire_ingest;

-- Procrastinate's functions work as their caller.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA aiwire_queue TO aiwire_ingest;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA aiwire_queue TO aiwire_ingest;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA aiwire_queue TO aiwire_ingest;

-- Raw pages by day: a partition each, dropped whole. Deleting rows would leave their space to vacuum, and read the bodies.

ALTER TABLE aiwire.entry DROP CONSTRAINT entry_capture_id_fkey;
DROP INDEX aiwire.entry_capture, aiwire.capture_entry;
ALTER TABLE aiwire.capture RENAME TO capture_unpartitioned;
ALTER TABLE aiwire.capture_unpartitioned RENAME CONSTRAINT capture_pkey TO capture_unpartitioned_pkey;
ALTER SEQUENCE aiwire.capture_id_seq RENAME TO capture_unpartitioned_id_seq;

CREATE SEQUENCE aiwire.capture_id_seq;
-- No foreign key to entry: entries are never deleted, and to detach a partition would lock them.
CREATE TABLE aiwire.capture (
    day          date NOT NULL,
    id           bigint NOT NULL DEFAULT nextval('aiwire.capture_id_seq'),
    entry_id     bigint NOT NULL,
    url          text NOT NULL,
    status       integer NOT NULL,
    headers      jsonb NOT NULL,
    body         bytea,
    object       text,
    size         integer NOT NULL,
    stored_size  integer NOT NULL,
    sha256       bytea NOT NULL,
    captured_at  timestamptz NOT NULL,
    PRIMARY KEY (day, id),
    CHECK ((body IS NULL) <> (object IS NULL))
) PARTITION BY RANGE (day);
ALTER SEQUENCE aiwire.capture_id_seq OWNED BY aiwire.capture.id;
ALTER TABLE aiwire.capture ALTER COLUMN body SET STORAGE EXTERNAL;
COMMENT ON TABLE aiwire.capture IS 'raw pages; a partition a day, dropped whole after setting capture_days';
COMMENT ON COLUMN aiwire.capture.day IS 'on which it was stored, UTC, by this server''s clock; a later one once it was carried over because it still waited';
COMMENT ON COLUMN aiwire.capture.body IS 'the bytes that the URL answered with, zstd; NULL: they are on object storage';
COMMENT ON COLUMN aiwire.capture.object IS 'where they are below the address that setting captures names: DAY/xx/ENTRY-SHA256.zst';
COMMENT ON COLUMN aiwire.capture.size IS 'bytes; stored_size: compressed';
COMMENT ON COLUMN aiwire.capture.sha256 IS 'of the bytes as the URL gave them; checked whenever they are read';
-- Covers what `aiwire status` counts of a day.
CREATE INDEX capture_entry ON aiwire.capture (entry_id) INCLUDE (day, stored_size);
-- Changes lie in the order of their times: what a day brought is found for next to nothing at each change.
CREATE INDEX change_told ON aiwire.change USING brin (told_at) WITH (pages_per_range = 32, autosummarize = on);

-- The days that there are. A row outlives its partition until the day's objects are deleted, too.
CREATE TABLE aiwire.capture_day (
    day      date PRIMARY KEY,
    closing  boolean NOT NULL DEFAULT false,
    objects  boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN aiwire.capture_day.closing IS 'it is being dropped: nothing is stored in it any more';
COMMENT ON COLUMN aiwire.capture_day.objects IS 'pages of it were, or were about to be, written to object storage';

-- What was stored on a day that is over, counted once.
CREATE TABLE aiwire.day_figure (
    day            date PRIMARY KEY,
    captures       bigint NOT NULL,
    capture_bytes  bigint NOT NULL,
    articles       bigint NOT NULL,
    revisions      bigint NOT NULL
);
COMMENT ON COLUMN aiwire.day_figure.capture_bytes IS 'compressed, in Postgres and on object storage';

CREATE FUNCTION aiwire.make_capture_days(first date, last date) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted date;
    partition text;
BEGIN
    FOR wanted IN SELECT g::date FROM generate_series(first::timestamp, last::timestamp, interval '1 day') AS g
                  WHERE NOT EXISTS (SELECT FROM aiwire.capture_day d WHERE d.day = g::date) LOOP
        partition := 'capture_' || to_char(wanted, 'YYYY_MM_DD');
        EXECUTE format('CREATE TABLE aiwire.%I (LIKE aiwire.capture INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS '
                       'INCLUDING STORAGE)', partition);
        EXECUTE format('ALTER TABLE aiwire.capture ATTACH PARTITION aiwire.%I FOR VALUES FROM (%L) TO (%L)', partition,
                       wanted, wanted + 1);
        INSERT INTO aiwire.capture_day (day) VALUES (wanted);
    END LOOP;
END $$;
COMMENT ON FUNCTION aiwire.make_capture_days IS 'partitions for days that have none; what is there stays';

ALTER FUNCTION aiwire.make_partitions(date) RENAME TO make_partitions_of_changes;
CREATE FUNCTION aiwire.make_partitions(today date) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    days_ahead CONSTANT integer := 7;
BEGIN
    PERFORM pg_advisory_xact_lock(7019260143771513446);  -- a starter and the scheduler's hour may meet
    PERFORM aiwire.make_partitions_of_changes(today);
    PERFORM aiwire.make_capture_days(today, today + days_ahead);
END $$;
COMMENT ON FUNCTION aiwire.make_partitions IS 'all partitions that will be needed; called at each start and every hour';

CREATE FUNCTION aiwire.open_capture_day() RETURNS date LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT max(day) FROM aiwire.capture_day WHERE NOT closing AND day <= (now() AT TIME ZONE 'UTC')::date),
                    (SELECT min(day) FROM aiwire.capture_day WHERE NOT closing))
$$;
COMMENT ON FUNCTION aiwire.open_capture_day IS 'where a page goes now: today, or the nearest day that has a partition, should nobody have made one for today';

-- A clock that was ahead stored pages in days to come: they count as today's.
SELECT aiwire.make_partitions((now() AT TIME ZONE 'UTC')::date);
SELECT aiwire.make_capture_days(day, day)
FROM (SELECT DISTINCT least((captured_at AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date) AS day
      FROM aiwire.capture_unpartitioned) AS days;
INSERT INTO aiwire.capture (day, id, entry_id, url, status, headers, body, size, stored_size, sha256, captured_at)
SELECT least((captured_at AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date), id, entry_id, url, status, headers,
       body, size, octet_length(body), sha256, captured_at
FROM aiwire.capture_unpartitioned;
SELECT setval('aiwire.capture_id_seq', greatest((SELECT last_value FROM aiwire.capture_unpartitioned_id_seq), 1));

ALTER TABLE aiwire.entry ADD COLUMN capture_day date;
UPDATE aiwire.entry e SET capture_day = c.day FROM aiwire.capture c WHERE e.capture_id IS NOT NULL AND c.id = e.capture_id;
ALTER TABLE aiwire.entry ADD CHECK (capture_id IS NULL OR capture_day IS NOT NULL);
COMMENT ON COLUMN aiwire.entry.capture_day IS 'with capture_id: the page that waits to be processed';

DROP TABLE aiwire.capture_unpartitioned;

-- Large exports: what is still to be done is rows, and the queue's jobs only name them.

CREATE TABLE aiwire.export (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target      text NOT NULL,
    token       text NOT NULL,
    wish        jsonb NOT NULL,
    plan        jsonb NOT NULL,
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    CHECK ((state = 'running') = (ended_at IS NULL))
);
-- Two that write to one place would write over each other.
CREATE UNIQUE INDEX export_target ON aiwire.export (target) WHERE state = 'running';
COMMENT ON TABLE aiwire.export IS 'one row an export in parts (aiwire export --jobs)';
COMMENT ON COLUMN aiwire.export.target IS 'a folder, or any address that fsspec knows';
COMMENT ON COLUMN aiwire.export.token IS 'stands in its file export.json, too: a worker that reads another there does not see this target';
COMMENT ON COLUMN aiwire.export.wish IS 'what was asked for; plan: what that came to when it began';

CREATE TABLE aiwire.export_part (
    export_id  bigint NOT NULL REFERENCES aiwire.export (id) ON DELETE CASCADE,
    number     integer NOT NULL CHECK (number >= 1),
    after      text,
    until      text,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done')),
    due_at     timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    message    text,
    file       text,
    written    bigint,
    skipped    bigint,
    size       bigint,
    sha256     bytea,
    done_at    timestamptz,
    PRIMARY KEY (export_id, number),
    CHECK (state <> 'done' OR (file IS NOT NULL AND written IS NOT NULL AND skipped IS NOT NULL AND size IS NOT NULL
                               AND sha256 IS NOT NULL AND done_at IS NOT NULL))
);
CREATE INDEX export_part_waiting ON aiwire.export_part (due_at) WHERE state = 'waiting';
COMMENT ON COLUMN aiwire.export_part.after IS 'where its range begins, itself left out, and until: where it ends; NULL: at the first, at the last';
COMMENT ON COLUMN aiwire.export_part.message IS 'why it failed the last time';

-- Ids of captures do not commit in order. Whoever stores one holds a lock on the table from before its id is drawn until it
-- commits: once this lock is ours, every id up to the last that was drawn is there, or never will be.
CREATE FUNCTION aiwire.last_capture() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE ONLY aiwire.capture IN SHARE MODE;
    RETURN coalesce(pg_sequence_last_value('aiwire.capture_id_seq'), 0);
END $$;
COMMENT ON FUNCTION aiwire.last_capture IS 'the last id of a capture after which none below can come; holds up those who store one until the end of the transaction';

-- The first schema: `aiwire` is private and may change, `news` is what consumers read.

CREATE SCHEMA IF NOT EXISTS aiwire;
CREATE SCHEMA IF NOT EXISTS news;

COMMENT ON SCHEMA aiwire IS 'aiwire''s own tables; they may change with any release. Read schema news instead.';
COMMENT ON SCHEMA news IS 'What aiwire offers to those who read the database.';

CREATE TABLE aiwire.outlet (
    slug        text PRIMARY KEY,
    name        text NOT NULL,
    homepage    text NOT NULL,
    language    text NOT NULL,
    policy      text NOT NULL CHECK (policy IN ('scrape', 'discovery-only', 'never-scrape')),
    active      boolean NOT NULL DEFAULT true,
    definition  jsonb NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN aiwire.outlet.active IS 'false once its TOML is gone: articles stay, polling stops';
COMMENT ON COLUMN aiwire.outlet.definition IS 'the whole TOML as read, so that workers on other machines agree';

-- One row a host[:port]: what politeness must remember across workers and restarts.
-- fillfactor leaves room for HOT updates; no due column is indexed (an index made 74 % of updates non-HOT).
CREATE TABLE aiwire.host (
    name             text PRIMARY KEY,
    next_request_at  timestamptz,
    hold_until       timestamptz,
    hold_reason      text,
    failures         integer NOT NULL DEFAULT 0,
    queued_at        timestamptz,
    robots           jsonb,
    robots_status    text,
    robots_until     timestamptz
) WITH (fillfactor = 50);
COMMENT ON COLUMN aiwire.host.failures IS 'visits in a row that could not reach it';
COMMENT ON COLUMN aiwire.host.queued_at IS 'when a job for this host went out; cleared when its visit ends';

CREATE TABLE aiwire.source (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outlet           text NOT NULL REFERENCES aiwire.outlet (slug),
    kind             text NOT NULL,
    url              text NOT NULL,
    host             text NOT NULL REFERENCES aiwire.host (name),
    active           boolean NOT NULL DEFAULT true,
    next_poll_at     timestamptz NOT NULL DEFAULT now(),
    last_poll_at     timestamptz,
    last_answer_at   timestamptz,
    last_new_at      timestamptz,
    etag             text,
    last_modified    text,
    state            text NOT NULL DEFAULT 'new',
    failures         integer NOT NULL DEFAULT 0,
    error_code       text,
    error_message    text,
    entries_seen     integer,
    UNIQUE (outlet, url)
) WITH (fillfactor = 50);
COMMENT ON COLUMN aiwire.source.state IS 'new, ok, empty, unreachable, refused, broken: what the last poll found';

CREATE TABLE aiwire.article (
    id             uuid PRIMARY KEY,
    outlet         text NOT NULL REFERENCES aiwire.outlet (slug),
    url            text NOT NULL,
    revision       integer NOT NULL,
    content_hash   bytea NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL
);
CREATE INDEX article_outlet_newest ON aiwire.article (outlet, first_seen_at DESC);

-- Identity: every address and guid an article was known by, within its outlet.
CREATE TABLE aiwire.article_url (
    outlet      text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('url', 'guid')),
    value       text NOT NULL,
    article_id  uuid NOT NULL REFERENCES aiwire.article (id) ON DELETE CASCADE,
    PRIMARY KEY (outlet, kind, value)
);
CREATE INDEX article_url_article ON aiwire.article_url (article_id);

-- A URL that a source claimed. due_at says when work is next due on it, state which work:
-- pending: fetch it; captured: its bytes are safe, process them; settled: look again (NULL: never).
CREATE TABLE aiwire.entry (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outlet         text NOT NULL REFERENCES aiwire.outlet (slug),
    host           text NOT NULL REFERENCES aiwire.host (name),
    url            text NOT NULL,
    url_key        text NOT NULL,
    title          text,
    summary        text,
    published      jsonb,
    modified       jsonb,
    guid           text,
    discovered_at  timestamptz NOT NULL,
    state          text NOT NULL CHECK (state IN ('pending', 'captured', 'settled')),
    due_at         timestamptz,
    attempts       integer NOT NULL DEFAULT 0,
    looks          integer NOT NULL DEFAULT 0,
    capture_id     bigint,
    etag           text,
    last_modified  text,
    disposition    text CHECK (disposition IN ('stored', 'duplicate', 'not_article', 'refused', 'gone', 'failed',
                                               'discovered')),
    reason         text,
    message        text,
    article_id     uuid REFERENCES aiwire.article (id) ON DELETE SET NULL,
    settled_at     timestamptz,
    CHECK (state <> 'settled' OR disposition IS NOT NULL),
    UNIQUE (outlet, url_key)
) WITH (fillfactor = 80);
-- Few entries are due at any time: settled ones that will not be looked at again are not in it.
CREATE INDEX entry_due ON aiwire.entry (host, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX entry_article ON aiwire.entry (article_id) WHERE article_id IS NOT NULL;

-- What each source said of an entry when it last said something new: a change means "fetch again".
CREATE TABLE aiwire.claim (
    source_id    bigint NOT NULL REFERENCES aiwire.source (id) ON DELETE CASCADE,
    entry_id     bigint NOT NULL REFERENCES aiwire.entry (id) ON DELETE CASCADE,
    fingerprint  bytea NOT NULL,
    seen_at      timestamptz NOT NULL,
    PRIMARY KEY (source_id, entry_id)
);
CREATE INDEX claim_entry ON aiwire.claim (entry_id);

CREATE TABLE aiwire.capture (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id     bigint NOT NULL REFERENCES aiwire.entry (id) ON DELETE CASCADE,
    url          text NOT NULL,
    status       integer NOT NULL,
    headers      jsonb NOT NULL,
    body         bytea NOT NULL,
    size         integer NOT NULL,
    sha256       bytea NOT NULL,
    captured_at  timestamptz NOT NULL
);
ALTER TABLE aiwire.capture ALTER COLUMN body SET STORAGE EXTERNAL;
COMMENT ON COLUMN aiwire.capture.body IS 'the bytes that the URL answered with, zstd';
CREATE INDEX capture_entry ON aiwire.capture (entry_id);
CREATE INDEX capture_age ON aiwire.capture (captured_at);
ALTER TABLE aiwire.entry ADD FOREIGN KEY (capture_id) REFERENCES aiwire.capture (id) ON DELETE SET NULL;
CREATE INDEX entry_capture ON aiwire.entry (capture_id) WHERE capture_id IS NOT NULL;

CREATE TABLE aiwire.revision (
    article_id           uuid NOT NULL REFERENCES aiwire.article (id) ON DELETE CASCADE,
    number               integer NOT NULL CHECK (number >= 1),
    reason               text NOT NULL CHECK (reason IN ('first', 'publisher_edit', 're_extraction')),
    changed              text[] NOT NULL,
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
    PRIMARY KEY (article_id, number)
);

CREATE TABLE aiwire.removed_block (
    article_id  uuid NOT NULL,
    revision    integer NOT NULL,
    ordinal     integer NOT NULL,
    position    integer NOT NULL,
    text        text NOT NULL,
    reason      text NOT NULL,
    rule        text NOT NULL,
    PRIMARY KEY (article_id, revision, ordinal),
    FOREIGN KEY (article_id, revision) REFERENCES aiwire.revision (article_id, number) ON DELETE CASCADE
);

CREATE TABLE aiwire.attribution (
    article_id  uuid NOT NULL,
    revision    integer NOT NULL,
    ordinal     integer NOT NULL,
    credited    text NOT NULL,
    form        text NOT NULL,
    evidence    text NOT NULL,
    confidence  real NOT NULL,
    PRIMARY KEY (article_id, revision, ordinal),
    FOREIGN KEY (article_id, revision) REFERENCES aiwire.revision (article_id, number) ON DELETE CASCADE
);
CREATE INDEX attribution_credited ON aiwire.attribution (credited);

-- One row a visit that had something to tell; an unchanged poll writes none.
CREATE TABLE aiwire.run (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host        text NOT NULL,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    outcome     text NOT NULL,
    polls       integer NOT NULL,
    fetched     integer NOT NULL,
    stored      integer NOT NULL,
    failed      integer NOT NULL,
    message     text
);
CREATE INDEX run_age ON aiwire.run (ended_at);

-- A role's sign of life, and who leads.
CREATE TABLE aiwire.heartbeat (
    role        text NOT NULL,
    process     text NOT NULL,
    leads       boolean NOT NULL DEFAULT false,
    started_at  timestamptz NOT NULL,
    beat_at     timestamptz NOT NULL,
    PRIMARY KEY (role, process)
) WITH (fillfactor = 50);

CREATE VIEW news.article AS
SELECT a.id, a.outlet, o.name AS outlet_name, a.url, r.title, r.standfirst, r.byline, r.authors,
       r.published_at, r.published_precision, r.published, r.modified_at, r.modified_precision, r.modified,
       r.language, r.section, r.image, r.paywalled, r.text,
       ARRAY(SELECT DISTINCT t.credited FROM aiwire.attribution t
             WHERE t.article_id = a.id AND t.revision = a.revision ORDER BY 1) AS credited,
       r.relevant, r.relevance_score, a.revision, a.first_seen_at, a.changed_at
FROM aiwire.article a
JOIN aiwire.outlet o ON o.slug = a.outlet
JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision;

COMMENT ON VIEW news.article IS 'One row an article: its current text and fields.';
COMMENT ON COLUMN news.article.id IS 'stable, derived from the outlet and the first known URL; the same after a reinstallation';
COMMENT ON COLUMN news.article.url IS 'the canonical URL, as last known; it may change, id does not';
COMMENT ON COLUMN news.article.authors IS 'the people whom the byline names; empty where the page names none';
COMMENT ON COLUMN news.article.published_at IS 'UTC; midnight in the publisher''s zone where published_precision is day; NULL: unknown';
COMMENT ON COLUMN news.article.published IS 'as the publisher stated it: 2026-01-12, or ISO 8601 with the publisher''s offset';
COMMENT ON COLUMN news.article.text IS 'the article and nothing but the article; paragraphs are separated by a newline';
COMMENT ON COLUMN news.article.credited IS 'the news sources whose reporting it rests on; see news.attribution for the sentences';
COMMENT ON COLUMN news.article.relevant IS 'AI-industry news, by config/topics/ai.toml';
COMMENT ON COLUMN news.article.revision IS 'number of the current revision, from 1';
COMMENT ON COLUMN news.article.changed_at IS 'when the current revision was stored, UTC';

CREATE VIEW news.revision AS
SELECT r.article_id, r.number AS revision, r.reason, r.changed, r.title, r.standfirst, r.byline, r.authors,
       r.published_at, r.published_precision, r.published, r.modified_at, r.modified_precision, r.modified,
       r.language, r.section, r.image, r.paywalled, r.text, r.relevant, r.relevance_score, r.provenance, r.seen_at
FROM aiwire.revision r;

COMMENT ON VIEW news.revision IS 'One row an article''s text at a time; the current one is the highest revision.';
COMMENT ON COLUMN news.revision.reason IS 'first, publisher_edit or re_extraction';
COMMENT ON COLUMN news.revision.changed IS 'the fields that differ from the revision before';
COMMENT ON COLUMN news.revision.provenance IS 'for each field where it was read, and what other places said instead';

CREATE VIEW news.removed_block AS
SELECT b.article_id, b.revision, b.ordinal, b.position, b.text, b.reason, b.rule
FROM aiwire.removed_block b;

COMMENT ON VIEW news.removed_block IS 'One row a block of the page that is not the article, and why it was removed.';
COMMENT ON COLUMN news.removed_block.position IS 'its index among the page''s text blocks, kept and removed, from 0';

CREATE VIEW news.attribution AS
SELECT t.article_id, t.revision, t.ordinal, t.credited, t.form, t.evidence, t.confidence
FROM aiwire.attribution t;

COMMENT ON VIEW news.attribution IS 'One row a news source that an article credits, with the sentence that says so.';

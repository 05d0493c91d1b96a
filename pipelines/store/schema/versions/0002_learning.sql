-- What is learned of an outlet's pages, and what revisions tell of how they were read. The views only grow.

ALTER TABLE aiwire.revision
    ADD COLUMN rights          text,
    ADD COLUMN markdown        text,
    ADD COLUMN second_opinion  boolean NOT NULL DEFAULT false,
    ADD COLUMN rules           bytea;
COMMENT ON COLUMN aiwire.revision.rules IS 'the code and the rules that read it (pipelines.rules_version); NULL: before 0002';
COMMENT ON COLUMN aiwire.revision.markdown IS 'NULL unless setting markdown is true';

-- How often a block of text was seen across an outlet's articles, never twice in one. Places are numbers of the
-- outlet's articles in the order in which they were counted (outlet_extraction.articles).
CREATE TABLE aiwire.block_sighting (
    outlet         text NOT NULL REFERENCES aiwire.outlet (slug) ON DELETE CASCADE,
    fingerprint    bytea NOT NULL CHECK (octet_length(fingerprint) = 8),
    sample         text NOT NULL DEFAULT '',
    weight         integer NOT NULL,
    articles       integer NOT NULL,
    heads          integer NOT NULL,
    tails          integer NOT NULL,
    first_place    integer NOT NULL,
    last_place     integer NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    stored_in      uuid[] NOT NULL,
    learned_at     timestamptz,
    PRIMARY KEY (outlet, fingerprint)
) WITH (fillfactor = 80);
COMMENT ON TABLE aiwire.block_sighting IS 'blocks of text that an outlet''s latest articles had, and which of them are boilerplate';
COMMENT ON COLUMN aiwire.block_sighting.sample IS 'its beginning; empty until it was seen in a second article';
COMMENT ON COLUMN aiwire.block_sighting.heads IS 'articles in which it stood before all of their own text; tails: after it';
COMMENT ON COLUMN aiwire.block_sighting.stored_in IS 'articles that have it, a hundred at most: read again once it is learned, or no longer held for boilerplate';
COMMENT ON COLUMN aiwire.block_sighting.learned_at IS 'since when it is taken out as repeated; NULL: it is not';
CREATE INDEX block_sighting_learned ON aiwire.block_sighting (outlet) WHERE learned_at IS NOT NULL;

-- One row an outlet: how many articles were counted, and whether its pages have changed.
CREATE TABLE aiwire.outlet_extraction (
    outlet         text PRIMARY KEY REFERENCES aiwire.outlet (slug) ON DELETE CASCADE,
    articles       integer NOT NULL DEFAULT 0,
    drifted_at     timestamptz,
    drifted_after  bigint,
    evidence       text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
COMMENT ON COLUMN aiwire.outlet_extraction.drifted_after IS 'the last page_figure of the past with which it is compared until it is over';

-- What each of an outlet's latest pages gave when it was first read.
CREATE TABLE aiwire.page_figure (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id        bigint NOT NULL UNIQUE REFERENCES aiwire.entry (id) ON DELETE CASCADE,
    outlet          text NOT NULL,
    read            boolean NOT NULL,
    length          integer NOT NULL,
    title           boolean NOT NULL,
    standfirst      boolean NOT NULL,
    authors         boolean NOT NULL,
    published       boolean NOT NULL,
    removed_share   real NOT NULL,
    second_opinion  boolean NOT NULL
);
CREATE INDEX page_figure_outlet ON aiwire.page_figure (outlet, id);
COMMENT ON COLUMN aiwire.page_figure.read IS 'false: the page held no article';

-- Articles whose kept page is to be read again: what was learned since stands in their text.
CREATE TABLE aiwire.re_extraction (
    article_id  uuid PRIMARY KEY REFERENCES aiwire.article (id) ON DELETE CASCADE,
    host        text NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0
);
CREATE INDEX re_extraction_host ON aiwire.re_extraction (host);
COMMENT ON COLUMN aiwire.re_extraction.host IS 'at whose visit it is done';

-- How far `aiwire reprocess` has come with an outlet: the last article and entry that it is done with.
CREATE TABLE aiwire.reprocess (
    outlet         text PRIMARY KEY REFERENCES aiwire.outlet (slug) ON DELETE CASCADE,
    since          timestamptz,
    rules          bytea NOT NULL,
    after_article  uuid NOT NULL,
    after_entry    bigint NOT NULL,
    pages          integer NOT NULL DEFAULT 0,
    changed        integer NOT NULL DEFAULT 0,
    started_at     timestamptz NOT NULL,
    finished_at    timestamptz
);
CREATE INDEX article_outlet ON aiwire.article (outlet, id);

CREATE OR REPLACE VIEW news.article AS
SELECT a.id, a.outlet, o.name AS outlet_name, a.url, r.title, r.standfirst, r.byline, r.authors,
       r.published_at, r.published_precision, r.published, r.modified_at, r.modified_precision, r.modified,
       r.language, r.section, r.image, r.paywalled, r.text,
       ARRAY(SELECT DISTINCT t.credited FROM aiwire.attribution t
             WHERE t.article_id = a.id AND t.revision = a.revision ORDER BY 1) AS credited,
       r.relevant, r.relevance_score, a.revision, a.first_seen_at, a.changed_at, r.rights, r.markdown
FROM aiwire.article a
JOIN aiwire.outlet o ON o.slug = a.outlet
JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision;

COMMENT ON COLUMN news.article.rights IS 'the licence (a URL or a name) or the rights note that the page states; NULL: none, or stored before this column was';
COMMENT ON COLUMN news.article.markdown IS 'the text with its headings, lists, quotes and tables marked; NULL unless the installation''s setting markdown is true';

CREATE OR REPLACE VIEW news.revision AS
SELECT r.article_id, r.number AS revision, r.reason, r.changed, r.title, r.standfirst, r.byline, r.authors,
       r.published_at, r.published_precision, r.published, r.modified_at, r.modified_precision, r.modified,
       r.language, r.section, r.image, r.paywalled, r.text, r.relevant, r.relevance_score, r.provenance, r.seen_at,
       r.rights, r.markdown, r.second_opinion
FROM aiwire.revision r;

COMMENT ON COLUMN news.revision.reason IS 'first; publisher_edit; re_extraction: not the outlet changed it, but how we read it';
COMMENT ON COLUMN news.revision.second_opinion IS 'the page was suspect, and a second extractor was asked';

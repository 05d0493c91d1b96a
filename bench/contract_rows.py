"""Many articles as rows, faster than storing them: what the tables hold after years of work, without the work.

Forty outlets, five languages, texts of some 1.5 KB whose words are as often as real ones; every fifth article has a second
revision. How fast such rows are read is `bench/contract_reads.py`'s affair.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg

from bench.contract_articles import LANGUAGES, words
from pipelines.identity import article_id

OUTLETS = 40
_YEARS = 3
_WORDS = 230  # of a text
_DOCUMENT_SESSIONS = 2


def fill(url: str, *, count: int, note: Callable[[str], None]) -> None:
    """Fill a migrated, empty database; `note` is told how long each step took."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("ALTER TABLE aiwire.article DISABLE TRIGGER tell_change")
        connection.execute(_OUTLETS, {"outlets": OUTLETS, "languages": list(LANGUAGES)})
        steps: list[tuple[str, Callable[[], object]]] = [
            ("articles and revisions", lambda: _copy(url, connection, count)),
            ("what belongs to them", lambda: [connection.execute(statement) for statement in _BELONGINGS]),
            ("changes", lambda: [connection.execute(statement) for statement in _CHANGES]),
            ("search documents", lambda: _documents(url)),
            ("their index", lambda: [connection.execute(statement) for statement in _INDEX]),
            ("vacuum, analyze", lambda: connection.execute("VACUUM ANALYZE")),
        ]
        connection.execute("DROP INDEX aiwire.search_document_words")
        for name, step in steps:
            begin = time.monotonic()
            step()
            note(f"{name}: {time.monotonic() - begin:.0f} s")
        connection.execute("ALTER TABLE aiwire.article ENABLE TRIGGER tell_change")


_OUTLETS = """
    INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, definition)
    SELECT 'outlet' || n, 'Outlet ' || n, 'https://outlet' || n || '.example',
           (%(languages)s::text[])[n %% cardinality(%(languages)s::text[]) + 1], 'scrape', '{}'
    FROM generate_series(0, %(outlets)s - 1) AS n
"""
_BELONGINGS = (
    "INSERT INTO aiwire.host (name) SELECT slug || '.example' FROM aiwire.outlet",
    """
    INSERT INTO aiwire.source (outlet, kind, url, host)
    SELECT slug, 'feed', homepage || '/feed', slug || '.example' FROM aiwire.outlet
    """,
    "INSERT INTO aiwire.article_url (outlet, kind, value, article_id) SELECT outlet, 'url', url, id FROM aiwire.article",
    """
    INSERT INTO aiwire.entry (outlet, host, url, url_key, discovered_at, state, disposition, article_id, settled_at)
    SELECT outlet, outlet || '.example', url, url, first_seen_at, 'settled', 'stored', id, changed_at FROM aiwire.article
    """,
    """
    INSERT INTO aiwire.attribution (article_id, revision, ordinal, credited, form, evidence, confidence)
    SELECT article_id, number, 0, (ARRAY['Reuters', 'AP', 'AFP', 'dpa'])[ascii(title) % 4 + 1], 'reported_by', left(text, 120), 0.9
    FROM aiwire.revision
    """,
    """
    INSERT INTO aiwire.removed_block (article_id, revision, ordinal, position, text, reason, rule)
    SELECT article_id, number, n, n, right(text, 80), 'related', 'link-list' FROM aiwire.revision, generate_series(0, 2) AS n
    """,
)
_CHANGES = (
    """
    INSERT INTO aiwire.change (position, article_id, outlet, kind, revision, material, changed, withheld, told_at)
    SELECT row_number() OVER (ORDER BY r.seen_at, r.article_id, r.number), r.article_id, a.outlet,
           CASE r.number WHEN 1 THEN 'new' ELSE 'edit' END, r.number, r.material, r.changed, false, r.seen_at
    FROM aiwire.revision r JOIN aiwire.article a ON a.id = r.article_id
    """,
    "SELECT setval('aiwire.change_position', (SELECT max(position) FROM aiwire.change))",
)
_DOCUMENTS = """
    INSERT INTO aiwire.search_document (article_id, revision, outlet, language, at, document)
    SELECT a.id, a.revision, a.outlet, r.language, t.at,
           aiwire.search_text(r.language, r.title, r.standfirst, r.text) || aiwire.search_tags(a.outlet, r.language, t.at)
    FROM aiwire.article a
    JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
    CROSS JOIN LATERAL (SELECT aiwire.search_at(a.published_at, a.first_seen_at)) AS t (at)
    WHERE abs(hashtext(a.id::text)) %% %(sessions)s = %(session)s
"""
_INDEX = (
    "CREATE INDEX search_document_words ON aiwire.search_document USING gin (document) WITH (fastupdate = off)",
    """
    UPDATE aiwire.search_progress SET position = (SELECT max(position) FROM aiwire.change),
        newest = (SELECT max(at) FROM aiwire.search_document)
    """,
)


def _copy(url: str, connection: psycopg.Connection, count: int) -> None:
    """Two streams at once, so that no row need be made twice."""
    with (
        psycopg.connect(url) as other,
        connection.cursor() as one,
        other.cursor() as two,
        one.copy(
            "COPY aiwire.article (id, outlet, url, revision, content_hash, published_at, first_seen_at, changed_at) FROM STDIN"
        ) as articles,
        two.copy(
            """
            COPY aiwire.revision (article_id, number, reason, changed, material, title, standfirst, authors, published_at,
                published_precision, language, paywalled, text, relevant, relevance_score, relevance_why, provenance,
                content_hash, capture_sha256, seen_at) FROM STDIN
            """
        ) as revisions,
    ):
        for article, its_revisions in _rows(count):
            articles.write_row(article)
            for revision in its_revisions:
                revisions.write_row(revision)


Row = tuple[object, ...]


def _rows(count: int) -> Iterator[tuple[Row, list[Row]]]:
    """Articles in the order in which they came, each with its revisions."""
    chance = random.Random(4)  # noqa: S311 -- no secret
    now = datetime.now(UTC)
    apart = timedelta(days=365 * _YEARS) / count
    known = [words(language) for language in LANGUAGES]
    for n in range(count):
        outlet = f"outlet{n % OUTLETS}"
        which = n % OUTLETS % len(LANGUAGES)
        running = known[which]
        address = f"https://{outlet}.example/2026/story-{n}"
        id_ = article_id(outlet, address)
        seen = now - apart * (count - n)
        published = seen - timedelta(minutes=chance.randrange(600)) if chance.random() < 0.95 else None
        at = chance.randrange(len(running) - _WORDS - 40)
        # A stretch of running words, so that rare words are rare and frequent ones frequent; two of them from elsewhere.
        text = running[at : at + _WORDS]
        body = " ".join((*text[:100], chance.choice(running), *text[100:], chance.choice(running), str(n)))
        title = " ".join(running[at + _WORDS : at + _WORDS + 9])
        digest = n.to_bytes(32, "big")
        edited = n % 5 == 0
        common = (f"{title} {n}", " ".join(text[:25]), ["Ada Lovelace"], published, published and "minute")
        rest = (LANGUAGES[which], False)
        last = (False, 0.0, [], "{}", digest, digest)
        revisions: list[Row] = [(id_, 1, "first", [], None, *common, *rest, body, *last, seen)]
        changed = seen
        if edited:
            changed = min(seen + timedelta(hours=1), now)
            revisions.append((id_, 2, "publisher_edit", ["text"], True, *common, *rest, body + " .", *last, changed))
        yield (id_, outlet, address, len(revisions), digest, published, seen, changed), revisions


def _documents(url: str) -> None:
    """As `aiwire.index_changes` makes them, in several sessions: each takes milliseconds of CPU."""

    def make(session: int) -> None:
        with psycopg.connect(url) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute(_DOCUMENTS, {"sessions": _DOCUMENT_SESSIONS, "session": session})

    threads = [threading.Thread(target=make, args=(session,)) for session in range(_DOCUMENT_SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

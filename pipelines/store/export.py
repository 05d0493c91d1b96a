"""What an export reads: articles as lines of JSON, what changed since a cursor, and the keys of raw pages.

Each call is one short statement over a range of keys, so that an export of hours holds back no vacuum. Where the lines go
is `crawler.export`'s affair, how a raw page is written `crawler.export_warc`'s, parts of large exports
`pipelines.store.export_parts`'. Lines come from schema `news` alone: any reader may export them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pipelines.store.captures import Key
from pipelines.store.database import Connection

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for. `since` is a cursor, or an ISO 8601 instant; `history`: every revision with its text."""

    format: str
    outlet: str | None = None
    since: str | None = None
    history: bool = False

    def told(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a wish comes to at the moment when its export begins.

    `kind` is `articles` (all of them, by id), `changes` (those that changed, by position) or `captures` (by day and
    id). `cursor` is where the next export goes on. `after` and `until` bound positions, or ids of captures; `at` bounds
    captures by their time.
    """

    kind: str
    cursor: str
    after: int = 0
    until: int = 0
    at: str | None = None

    def told(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        return cls(**told)


async def article_lines(
    connection: Connection, wish: Wish, *, after: str | None, until: str | None, most: int
) -> list[tuple[str, str]]:
    """Up to `most` articles and tombstones with an id after `after` and up to `until`, in its order: id and line."""
    cursor = await connection.execute(
        _LINES.format(
            articles="a.id > %(after)s AND a.id <= %(until)s AND (%(outlet)s::text IS NULL OR a.outlet = %(outlet)s)"
            " ORDER BY a.id LIMIT %(most)s",
            tombstones="w.article_id > %(after)s AND w.article_id <= %(until)s"
            " AND (%(outlet)s::text IS NULL OR w.outlet = %(outlet)s) ORDER BY w.article_id LIMIT %(most)s",
        ).encode()
        + b" ORDER BY id LIMIT %(most)s",
        {
            "after": UUID(after) if after else _FIRST,
            "until": UUID(until) if until else _LAST,
            "outlet": wish.outlet,
            "most": most,
            "history": wish.history,
        },
    )
    return [(str(id_), line) for id_, line in await cursor.fetchall()]


async def lines_of(connection: Connection, wish: Wish, ids: Sequence[UUID]) -> list[str]:
    """The lines of given articles as they are now, in the order of `ids`."""
    cursor = await connection.execute(
        _LINES.format(articles="a.id = ANY(%(ids)s)", tombstones="w.article_id = ANY(%(ids)s)").encode(),
        {"ids": list(ids), "history": wish.history},
    )
    found: dict[UUID, str] = dict(await cursor.fetchall())
    return [found[id_] for id_ in ids if id_ in found]


async def changed(
    connection: Connection, wish: Wish, *, after: int, until: int, most: int
) -> tuple[list[UUID], int | None]:
    """The articles of up to `most` changes after a position, each once, in the order of their first; and the last position.

    None for the position where there is no change left.
    """
    cursor = await connection.execute(
        """
        SELECT c.position, c.article_id, %(outlet)s::text IS NULL OR c.outlet = %(outlet)s FROM news.change c
        WHERE c.position > %(after)s AND c.position <= %(until)s ORDER BY c.position LIMIT %(most)s
        """,
        {"after": after, "until": until, "most": most, "outlet": wish.outlet},
    )
    rows = await cursor.fetchall()
    return list(dict.fromkeys(id_ for _, id_, wanted in rows if wanted)), rows[-1][0] if rows else None


async def capture_keys(
    connection: Connection, wish: Wish, plan: Plan, *, after: str | None, until: str | None, most: int
) -> list[tuple[str, Key]]:
    """Up to `most` raw pages after a place and up to another, by day and then id: each one's place and key.

    Left out are pages of articles that are withheld, and pages that say, or whose robots.txt says, that they may not be
    kept. Day by day, since the key of a day that lies before is looked up for next to nothing.
    """
    after_day, after_id = _place(after) if after else (None, 0)
    until_day, until_id = _place(until) if until else (None, plan.until)
    cursor = await connection.execute(
        """
        SELECT d.day::text || '/' || c.id, c.day, c.id
        FROM aiwire.capture_day d CROSS JOIN LATERAL (
            SELECT c.day, c.id FROM aiwire.capture c
            JOIN aiwire.entry e ON e.id = c.entry_id LEFT JOIN aiwire.article a ON a.id = e.article_id
            WHERE c.day = d.day AND c.id <= least(%(last)s::bigint, CASE WHEN d.day = %(until_day)s::date THEN %(until_id)s::bigint END)
              AND c.id > greatest(%(first)s::bigint, CASE WHEN d.day = %(after_day)s::date THEN %(after_id)s::bigint END)
              AND c.captured_at >= coalesce(%(at)s::timestamptz, '-infinity')
              AND e.disposition NOT IN ('refused', 'discovered') AND NOT coalesce(a.withheld, false)
              AND (%(outlet)s::text IS NULL OR e.outlet = %(outlet)s)
            ORDER BY c.id LIMIT %(most)s) AS c
        WHERE NOT d.closing AND d.day >= coalesce(%(after_day)s::date, '-infinity')
          AND d.day <= coalesce(%(until_day)s::date, 'infinity')
        ORDER BY d.day, c.id LIMIT %(most)s
        """,
        {
            "after_day": after_day,
            "after_id": after_id,
            "until_day": until_day,
            "until_id": until_id,
            "first": plan.after,
            "last": plan.until,
            "at": datetime.fromisoformat(plan.at) if plan.at else None,
            "outlet": wish.outlet,
            "most": most,
        },
    )
    return [(place, Key(day, id_)) for place, day, id_ in await cursor.fetchall()]


async def exportable(connection: Connection, key: Key) -> bool:
    """Whether a page may still be exported: its article may have been withdrawn since its key was read."""
    cursor = await connection.execute(
        """
        SELECT FROM aiwire.capture c JOIN aiwire.entry e ON e.id = c.entry_id LEFT JOIN aiwire.article a ON a.id = e.article_id
        WHERE c.day = %s AND c.id = %s AND e.disposition NOT IN ('refused', 'discovered') AND NOT coalesce(a.withheld, false)
        """,
        key,
    )
    return await cursor.fetchone() is not None


def _place(place: str) -> tuple[str, int]:
    day, _, id_ = place.partition("/")
    return day, int(id_)


# Columns are named one by one: their order in a line is part of what docs/export.md promises.
_LINES = """
    SELECT x.id, x.line FROM (
        SELECT a.id, row_to_json(a)::text AS line FROM (
            SELECT a.id, a.outlet, a.outlet_name, a.url, false AS withheld, a.withdrawn_at, a.withdrawn_reason, a.revision,
                   a.first_seen_at, a.changed_at, a.title, a.standfirst, a.byline, a.authors,
                   a.published, a.published_precision, a.published_at, a.modified, a.modified_precision, a.modified_at,
                   a.language, a.section, a.image, a.paywalled, a.rights, a.relevant, a.relevance_score, a.credited,
                   a.text, a.markdown,
                   coalesce((SELECT json_agg(json_build_object('credited', t.credited, 'form', t.form, 'evidence', t.evidence,
                                                               'confidence', t.confidence) ORDER BY t.ordinal)
                             FROM news.attribution t WHERE t.article_id = a.id AND t.revision = a.revision), '[]') AS attributions,
                   coalesce((SELECT json_agg(json_build_object('position', b.position, 'reason', b.reason, 'rule', b.rule,
                                                               'text', b.text) ORDER BY b.ordinal)
                             FROM news.removed_block b WHERE b.article_id = a.id AND b.revision = a.revision), '[]')
                       AS removed_blocks,
                   coalesce((SELECT json_agg(CASE WHEN %(history)s THEN row_to_json(whole) ELSE json_build_object(
                                 'revision', whole.revision, 'reason', whole.reason, 'material', whole.material,
                                 'changed', whole.changed, 'cleaned', whole.cleaned, 'seen_at', whole.seen_at) END
                                 ORDER BY whole.revision)
                             FROM (SELECT r.revision, r.reason, r.material, r.changed, r.cleaned, r.seen_at, r.title, r.standfirst,
                                          r.byline, r.authors, r.published, r.published_precision, r.published_at, r.modified,
                                          r.modified_precision, r.modified_at, r.language, r.section, r.image, r.paywalled,
                                          r.rights, r.relevant, r.relevance_score, r.second_opinion, r.provenance, r.text,
                                          r.markdown
                                   FROM news.revision r WHERE r.article_id = a.id) AS whole), '[]') AS revisions
            FROM news.article a WHERE {articles}) AS a
        UNION ALL
        SELECT w.id, row_to_json(w)::text FROM (
            SELECT w.article_id AS id, w.outlet, o.name AS outlet_name, w.url, w.withheld, w.withdrawn_at,
                   w.reason AS withdrawn_reason, w.first_seen_at
            FROM news.withdrawal w JOIN news.outlet o ON o.outlet = w.outlet WHERE w.withheld AND {tombstones}) AS w
    ) AS x"""

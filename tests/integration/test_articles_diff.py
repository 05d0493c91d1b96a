"""`aiwire articles diff`: what is shown of revisions that are in the database, and of those that aren't."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.articles_diff import Diff, _find, as_document, lines, places, show_diff
from crawler.settings import load_settings
from crawler.word_diff import Piece, pieces, words_of
from pipelines.identity import article_id, content_hash
from pipelines.records import Extraction, Field, Ingested, Origin, Precision, Relevance, When
from pipelines.store import articles, sources
from pipelines.store.database import Database
from pipelines.store.sources import OutletRow

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
SITE = "https://news.example"
OTHER = next(
    url
    for url in (f"{SITE}/{n}" for n in itertools.count())
    if str(article_id("example", url))[:2] == str(article_id("example", f"{SITE}/a"))[:2]
)
TEXT = " ".join(f"word{n}" for n in range(40))
EXTRACTION = Extraction(
    url=f"{SITE}/a",
    canonical_url=None,
    title=Field(value="The lab recieves money", origin=Origin.HEADING),
    standfirst=None,
    byline=None,
    authors=Field(value=("Anna Rossi",), origin=Origin.BYLINE_LINE),
    published=Field(value=When(instant=NOW, precision=Precision.DAY), origin=Origin.JSON_LD),
    modified=None,
    language=Field(value="en", origin=Origin.META),
    section=None,
    image=None,
    paywalled=None,
    rights=None,
    markdown="",
    kept=(),
    second_opinion=False,
    text=f"{TEXT}\nIt is so.",
    removed=(),
)
MENDED = replace(EXTRACTION, title=Field(value="The lab receives money", origin=Origin.HEADING))
EDITED = replace(
    MENDED,
    authors=Field(value=("Anna Rossi", "Marco Bini"), origin=Origin.BYLINE_LINE),
    text=f"First {TEXT.replace('word20', 'word20 not')}\nIt was so.",
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    outlet = OutletRow(
        slug="example",
        name="Example",
        homepage=SITE,
        language="en",
        policy="scrape",
        definition={"name": "Example"},
        sources=(("feed", f"{SITE}/feed", "news.example"),),
    )
    async with Database(database_url, size=2) as opened:
        async with opened.transaction() as connection:
            await sources.sync(connection, [outlet], NOW)
        for hour, extraction in enumerate((EXTRACTION, MENDED, EDITED, replace(EXTRACTION, url=OTHER))):
            async with opened.transaction() as connection:
                await articles.store(
                    connection,
                    outlet="example",
                    ingested=Ingested(
                        extraction=extraction,
                        attributions=(),
                        relevance=Relevance(relevant=False, score=0.0, why=()),
                        content_hash=content_hash(extraction),
                    ),
                    claimed_key=extraction.url,
                    guid=None,
                    capture_sha256=b"0" * 32,
                    now=NOW + timedelta(hours=hour),
                )
        yield opened


async def find(database: Database, key: str, a: int | None = None, b: int | None = None) -> Diff | str:
    async with database.transaction() as connection:
        return await _find(connection, key, a, b)


async def found(database: Database, key: str, a: int | None = None, b: int | None = None) -> Diff:
    diff = await find(database, key, a, b)
    assert isinstance(diff, Diff), diff
    return diff


async def test_last_two_revisions_are_compared_where_none_is_named(database: Database) -> None:
    diff = await found(database, f"{SITE}/a")
    assert [line.plain for line in lines(diff)] == [
        "The lab receives money",
        f"{SITE}/a · {diff.article_id}",
        "revision 3, publisher_edit, material: authors, text, 2026-02-01 14:00 UTC",
        "\nauthors",
        "  Anna Rossi {+· Marco Bini+}",
        "\ntext",
        "  {+First+} word0 word1 word2 word3 word4 word5 word6 word7 …",
        f"  … {' '.join(f'word{n}' for n in range(13, 21))} {{+not+}} {' '.join(f'word{n}' for n in range(21, 29))} …",
        f"  … {' '.join(f'word{n}' for n in range(34, 40))} ¶ It [-is-] {{+was+}} so.",
    ]


async def test_mended_slip_is_shown_as_cosmetic(database: Database) -> None:
    told = [line.plain for line in lines(await found(database, f"{SITE}/a", 1, 2))]
    assert told[2:] == [
        "revision 2, publisher_edit, cosmetic: title, 2026-02-01 13:00 UTC",
        "\ntitle",
        "  The lab [-recieves-] {+receives+} money",
    ]


async def test_distant_revisions_are_compared_with_all_that_led_there(database: Database) -> None:
    diff = await found(database, f"{SITE}/a", 3, 1)
    document = json.loads(json.dumps(as_document(diff), default=str))
    assert (document["from"], document["to"]) == (1, 3)
    assert [(step["revision"], step["material"]) for step in document["revisions"]] == [(2, False), (3, True)]
    assert document["fields"]["title"] == [
        ["same", "The lab"],
        ["gone", "recieves"],
        ["come", "receives"],
        ["same", "money"],
    ]
    assert list(document["fields"]) == ["title", "authors", "text"]
    assert (await found(database, f"{SITE}/a", 1)).other == 3


async def test_what_is_not_there_is_told(database: Database) -> None:
    one = str((await found(database, f"{SITE}/a")).article_id)
    assert (await found(database, one[:13])).url == f"{SITE}/a"
    for key, numbers, said in (
        (OTHER, (), "has one revision only"),
        (f"{SITE}/c", (), "no article is known by"),
        ("_%", (), "no article is known by"),
        ("", (), "no article is known by"),
        (f"{SITE}/a", (2, 9), "has no revision 9: there are 1 to 3"),
        (f"{SITE}/a", (3,), "the same revision twice"),
    ):
        told = await find(database, key, *numbers)
        assert isinstance(told, str)
        assert said in told


async def test_beginning_that_two_ids_share_is_ambiguous(database: Database) -> None:
    told = await find(database, str(article_id("example", OTHER))[:2])
    assert isinstance(told, str)
    assert told.startswith("more than one article is known by")


async def test_command_prints_plain_marks_into_a_pipe_and_fails_with_a_sentence(
    database: Database,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AIWIRE_DATA_DIR", str(tmp_path))

    settings = load_settings()

    async def diff(
        key: str, a: int | None = None, b: int | None = None, *, as_json: bool = False
    ) -> tuple[int, str, str]:
        """In a thread, since a command has a loop of its own."""
        code = await asyncio.to_thread(show_diff, settings, key, a, b, as_json=as_json)
        return code, *capsys.readouterr()

    code, out, _ = await diff(f"{SITE}/a", 1, 2)
    assert code == 0
    assert "  The lab [-recieves-] {+receives+} money\n" in out
    code, out, err = await diff(OTHER)
    assert (code, out) == (1, "")
    assert "one revision only" in err
    assert json.loads((await diff(f"{SITE}/a", as_json=True))[1])["to"] == 3


def test_what_is_the_same_between_two_near_changes_stands_whole() -> None:
    of = pieces(words_of("a b c d e f g h i"), words_of("x b c d e f g h y"))
    assert [place.plain for place in places(of)] == ["[-a-] {+x+} b c d e f g h [-i-] {+y+}"]


def test_changes_are_coloured_on_a_terminal() -> None:
    place = next(places([Piece("gone", ["a"]), Piece("come", ["b"])]))
    assert [str(span.style) for span in place.spans] == ["red strike", "green"]

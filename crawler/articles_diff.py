"""`aiwire articles diff`: what changed between two revisions of an article, word by word, and why.

Which words went and came is found by `crawler.word_diff`; whether an edit is material was judged when it was stored, by
`pipelines.materiality`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from rich.text import Text

from crawler import present
from crawler.commands import reading_from
from crawler.differences import marked
from crawler.settings import Settings
from crawler.word_diff import Piece, joined, pieces, words_of
from pipelines.store import reading
from pipelines.store.database import Connection
from pipelines.store.reading import Row

_FIELDS = ("title", "standfirst", "authors", "published", "modified", "text")
_AROUND = 8  # words of what is the same that are shown on each side of a change
_STYLES = {"same": "", "gone": "red strike", "come": "green"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two revisions of an article, and for each field that differs its pieces; `steps` are the revisions that led there."""

    article_id: UUID
    url: str
    title: str
    one: int
    other: int
    steps: tuple[Row, ...]
    fields: dict[str, list[Piece]]


def show_diff(settings: Settings, key: str, a: int | None, b: int | None, *, as_json: bool) -> int:
    """Print what differs between revisions `a` and `b`, or between the last two; 1, and a sentence, where they aren't there."""
    found = reading_from(settings, lambda connection: _find(connection, key, a, b))
    if isinstance(found, str):
        present.errors.print(found, markup=False, soft_wrap=True)
        return 1
    if as_json:
        present.as_json(as_document(found))
        return 0
    for line in lines(found):
        present.console.print(line, soft_wrap=True)
    return 0


async def _find(connection: Connection, key: str, a: int | None, b: int | None) -> Diff | str:
    """The difference, or what is wrong with what was asked."""
    articles = await reading.known_by(connection, key)
    if not articles:
        return f"no article is known by {key!r}: `aiwire articles list --json` has the ids"
    if len(articles) > 1:
        return f"more than one article is known by {key!r}, {articles[0]['id']} and {articles[1]['id']} among them"
    article = articles[0]
    known = {row["revision"]: row for row in await reading.revisions(connection, article["id"])}
    last = article["revision"]
    if len(known) == 1:
        return f"{article['url']} has one revision only: nothing has changed since {known[last]['seen_at']:%Y-%m-%d %H:%M} UTC"
    one, other = sorted((last - 1 if a is None else a, last if b is None else b))
    if missing := [number for number in (one, other) if number not in known]:
        return f"{article['url']} has no revision {missing[0]}: there are {min(known)} to {last}"
    if one == other:
        return f"{one} is the same revision twice: there are {min(known)} to {last}"
    before, after = [await reading.revision_fields(connection, article["id"], number) for number in (one, other)]
    return Diff(
        article_id=article["id"],
        url=article["url"],
        title=article["title"],
        one=one,
        other=other,
        steps=tuple(row for number, row in known.items() if one < number <= other),
        fields=differing(before, after),
    )


def differing(before: Row, after: Row) -> dict[str, list[Piece]]:
    """The pieces of each field in which words differ."""
    found = {name: pieces(words_of(_text(before[name])), words_of(_text(after[name]))) for name in _FIELDS}
    return {name: of for name, of in found.items() if any(piece.kind != "same" for piece in of)}


def lines(diff: Diff) -> Iterator[Text]:
    """What is printed: the article, why each revision came, and the changed places of each field, one a line."""
    yield Text(diff.title, style="bold")
    yield Text(f"{diff.url} · {diff.article_id}", style="dim")
    for step in diff.steps:
        weight = "" if step["material"] is None else ", material" if step["material"] else ", cosmetic"
        changed = f": {', '.join(step['changed'])}" if step["changed"] else ""
        told = f"revision {step['revision']}, {step['reason']}{weight}{changed}, {step['seen_at']:%Y-%m-%d %H:%M} UTC"
        yield Text(told, style="dim")
    if not diff.fields:
        yield Text(f"\nRevisions {diff.one} and {diff.other} read the same.")
    for name, of in diff.fields.items():
        yield Text(f"\n{name}", style="bold")
        for place in places(of):
            yield Text("  ") + place


def places(of: Sequence[Piece]) -> Iterator[Text]:
    """Each changed place with some words around it; a new one where what is the same is longer than that."""
    place = Text()
    for n, piece in enumerate(of):
        if piece.kind != "same":
            place.append(_gap(place) + marked(piece), style=_STYLES[piece.kind])
            continue
        first, last = n == 0, n == len(of) - 1
        head, tail = piece.words[: 0 if first else _AROUND], piece.words[max(0, len(piece.words) - _AROUND) :]
        if first and len(piece.words) > _AROUND:
            place.append(f"… {joined(tail)}")
        elif last and len(piece.words) > _AROUND:
            place.append(f"{_gap(place)}{joined(head)} …")
        elif len(piece.words) <= 2 * _AROUND:
            place.append(_gap(place) + str(piece))
        else:
            place.append(f"{_gap(place)}{joined(head)} …")
            yield place
            place = Text(f"… {joined(tail)}")
    yield place


def as_document(diff: Diff) -> dict[str, object]:
    """The same for programs: each field whole, as [kind, words] pairs; paragraphs are parted by ¶."""
    return {
        "id": diff.article_id,
        "url": diff.url,
        "from": diff.one,
        "to": diff.other,
        "revisions": diff.steps,
        "fields": {name: [[piece.kind, str(piece)] for piece in of] for name, of in diff.fields.items()},
    }


def _gap(place: Text) -> str:
    return " " if place.plain else ""


def _text(value: str | Iterable[str] | None) -> str:
    return value if isinstance(value, str) else " · ".join(value or ())

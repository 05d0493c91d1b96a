"""How commands show what they found: rich tables on a terminal, plain lines in a pipe, JSON where a program reads.

What is shown comes from `pipelines.store.reading` and the stages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.records import Extraction, KeptBlock, Metadata, RemovedBlock, When

_STATES = {"ok": "green", "new": "dim", "empty": "yellow", "unreachable": "red", "refused": "red", "broken": "red"}
_FIELDS = tuple(field.name for field in fields(Metadata) if field.name not in ("canonical_url", "reserved"))
_PIPE_WIDTH = 160  # columns where there is no terminal to ask

console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
errors = Console(stderr=True, highlight=False)


def as_json(value: object) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, default=_jsonable)
    sys.stdout.write("\n")


def as_json_line(value: object) -> None:
    """One line of JSON on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, default=_jsonable)
    sys.stdout.write("\n")


def articles(rows: Sequence[dict[str, Any]]) -> Table:
    """The articles as the demo and `articles list` show them."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 1, 0), expand=True)
    table.add_column("Outlet", no_wrap=True, width=12)
    table.add_column("Title, and the sentence that credits", ratio=5)
    table.add_column("Authors", ratio=1, min_width=12)
    table.add_column("Published", no_wrap=True, width=10)
    table.add_column("Credits", ratio=1, min_width=11)
    table.add_column("AI", no_wrap=True, width=3)
    table.add_column("Rev", no_wrap=True, justify="right", width=3)
    table.add_column("Stripped", ratio=1, min_width=14)
    for row in rows:
        title = Text(row["title"], style="bold")
        if row["evidence"]:
            title.append(f"\n“{_short(row['evidence'], 170)}”", style="dim italic not bold")
        table.add_row(
            row["outlet_name"],
            title,
            ", ".join(row["authors"]) or "–",
            (row["published"] or "–")[:10],
            ", ".join(row["credited"]) or "–",
            "yes" if row["relevant"] else "no",
            Text(str(row["revision"]), style="bold yellow" if row["revision"] > 1 else ""),
            _kinds(row["removed"]) or "–",
        )
    return table


def export(row: dict[str, Any]) -> Iterable[str]:
    """How far an export is, for a terminal."""
    what = "raw pages" if row["wish"]["format"] == "warc" else "articles"
    yield (
        f"export {row['id']} to {row['target']}: {row['state']}, {row['done']} of {row['parts']} parts,"
        f" {row['written']} {what}, {row['size'] / 1e6:.1f} MB"
    )
    if row["state"] == "running":
        yield "The daemon's workers write it; each must see that place. The same command, and aiwire status, tell how far it is."
        if row["message"]:
            yield f"A part failed, and is tried again: {row['message']}"
    elif row["state"] == "done":
        yield f"Go on with --since {row['cursor']}"


def article(row: dict[str, Any]) -> Iterable[Text | str]:
    """One article whole: fields, text, credits, what was removed, revisions."""
    yield Text(row["title"], style="bold")
    yield Text(
        f"{row['outlet_name']} · {', '.join(row['authors']) or 'no byline'} · {row['published'] or 'no date'} · {row['url']}",
        style="dim",
    )
    if row["standfirst"]:
        yield Text(row["standfirst"], style="italic")
    yield ""
    yield Text(row["text"])
    for found in row["attributions"]:
        yield Text(f"\ncredits {found['credited']} ({found['form']}): “{found['evidence']}”", style="cyan")
    for block in row["removed"]:
        yield Text(f"\nremoved as {block['reason']} by {block['rule']}: {_short(block['text'], 300)}", style="red")
    for revision in row["revisions"]:
        changed = f": {', '.join(revision['changed'])}" if revision["changed"] else ""
        yield Text(
            f"\nrevision {revision['revision']}, {revision['reason']}{changed}, {revision['seen_at']:%Y-%m-%d %H:%M} UTC",
            style="dim",
        )


def provenance(extraction: Extraction) -> dict[str, dict[str, Any]]:
    """Each field that the page filled: where it was read, what other places said; of instants, how exact they are."""
    told: dict[str, dict[str, Any]] = {}
    for name in _FIELDS:
        if (field := getattr(extraction, name)) is not None:
            told[name] = {"origin": field.origin, "disagreeing": field.disagreeing}
            if isinstance(field.value, When):
                told[name] |= {"precision": field.value.precision, "zone_assumed": field.value.zone_assumed}
    return told


def page_fields(extraction: Extraction) -> Iterable[Text]:
    """A line a field, and one for each place that says something else."""
    for name, told in provenance(extraction).items():
        origin = f"{told['origin']}, zone assumed" if told.get("zone_assumed") else told["origin"]
        shown = _shown(getattr(extraction, name).value)
        yield Text.assemble((f"{name:<11}", "bold"), shown, (f"  ({origin})", "dim"))
        for other, said in told["disagreeing"]:
            yield Text(f"           {other} says: {said}", style="dim yellow")


def page_text(extraction: Extraction) -> Iterable[Text]:
    """The page from top to bottom: its article, and between its blocks what was removed, struck through."""
    blocks: list[KeptBlock | RemovedBlock] = [*extraction.kept, *extraction.removed]
    for block in sorted(blocks, key=lambda block: block.position):
        if isinstance(block, KeptBlock):
            yield Text(block.text)
        else:
            # In a pipe nothing is struck through: the dash says it there.
            yield Text.assemble(("- ", "red"), (block.text, "strike dim"))
            yield Text(f"  removed as {block.reason} by {block.rule}", style="red")


def sources(rows: Sequence[dict[str, Any]], now: datetime) -> Table:
    """One line a source: state, last poll, last new article, next poll, what is wrong."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("Outlet", "Source", "State", "Articles", "Last poll", "Last new", "Next poll", "What is wrong"):
        table.add_column(
            heading, justify="right" if heading == "Articles" else "left", no_wrap=heading in ("Outlet", "State")
        )
    for row in rows:
        state = row["state"] or row["policy"]
        table.add_row(
            row["outlet"],
            row["kind"] or "–",
            Text(state, style=_STATES.get(state, "")),
            str(row["articles"]),
            ago(row["last_poll_at"], now),
            ago(row["last_new_at"], now),
            ago(row["next_poll_at"], now),
            row["error_message"] or "",
        )
    return table


def days(rows: Sequence[dict[str, Any]]) -> Table:
    """What each day brought: raw pages with their size as kept, articles, revisions."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("Day", "Pages", "Size", "Articles", "Revisions"):
        table.add_column(heading, justify="left" if heading == "Day" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["day"].isoformat(),
            f"{row['captures']:,}",
            size(row["capture_bytes"]),
            f"{row['articles']:,}",
            f"{row['revisions']:,}",
        )
    return table


def totals(counts: dict[str, Any]) -> str:
    """All there is, in two sentences; "about" stands before what was not counted."""

    def many(name: str) -> str:
        return f"about {counts[name]:,}" if name in counts["estimated"] else f"{counts[name]:,}"

    fates = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts["dispositions"].items()) or "none settled"
    running = "running" if counts["processes"] else "not running"
    elsewhere = "" if counts["captures"] == "postgres" else f"; new ones go to {counts['captures']}"
    return (
        f"{many('articles')} articles, {many('revisions')} revisions, {many('removed_blocks')} blocks removed; "
        f"{many('entries')} entries ({fates}), {counts['waiting']:,} waiting; the daemon is {running}.\n"
        f"The database takes {size(counts['database_bytes'])}, {size(counts['capture_table_bytes'])} of it for raw pages of "
        f"{counts['capture_days']} {'day' if counts['capture_days'] == 1 else 'days'}{elsewhere}."
    )


def size(count: int) -> str:
    """Bytes as a person reads them: "312 B", "6.1 MB"; a thousand to the next unit."""
    if count < 1_000:
        return f"{count} B"
    figure, units = float(count), iter(("kB", "MB", "GB", "TB", "PB"))
    unit = ""
    while figure >= 999.5:
        figure, unit = figure / 1_000, next(units)
    return f"{figure:.0f} {unit}" if figure >= 99.5 else f"{figure:.1f} {unit}"


def ago(at: datetime | None, now: datetime) -> str:
    """An instant as its distance from now: "4 m ago", "in 20 s"."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    distance = abs(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if distance >= 2 * size:
            words = f"{distance / size:.0f} {unit}"
            break
    else:
        words = f"{distance:.0f} s"
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def entries(found: Sequence[Any]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Published", "Title", "URL"):
        table.add_column(heading, overflow="fold")
    for entry in found:
        table.add_row(entry.published.isoformat() if entry.published else "–", entry.title or "–", entry.url)
    return table


def utcnow() -> datetime:
    return datetime.now(UTC)


def _shown(value: object) -> str:
    if isinstance(value, When):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _kinds(counts: dict[str, int]) -> str:
    """What was stripped, as words: "author bio, byline, 2 related"."""
    words = ((n, reason.removesuffix("_line").replace("_", " ")) for reason, n in sorted(counts.items()))
    return ", ".join(f"{n} {word}" if n > 1 else word for n, word in words)


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + " …"


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | tuple | frozenset):
        return list(value)
    return str(value)

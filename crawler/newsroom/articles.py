"""The newsroom's articles, written by us: what each says, and what aiwire is expected to make of it.

How they look as pages is `crawler.newsroom.pages`' affair; which are published, `crawler.newsroom.state`'s.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One of the newsroom's outlets."""

    slug: str
    name: str
    language: str
    country: str
    timezone: str
    sources: tuple[tuple[str, str], ...]
    """(kind, path) of each."""
    link_pattern: str | None = None
    """Which links of its listings are articles, where it has listings."""
    article_path: str
    robots: str
    """robots.txt; `{base}` stands for the outlet's address."""


SITES = {
    site.slug: site
    for site in (
        Site(
            slug="gazzetta-ia",
            name="Gazzetta IA",
            language="it",
            country="IT",
            timezone="Europe/Rome",
            sources=(("listing", "/altro/tecnologia"), ("listing", "/altro/mondo")),
            link_pattern="^/altro/(tecnologia|mondo)/[a-z0-9-]+$",
            article_path="/altro/{section}/{slug}",
            # The second rule matters: the listing links to an article under it, which the link pattern matches.
            robots="User-agent: *\nDisallow: /redazione/\nDisallow: /altro/tecnologia/anteprima-\nCrawl-delay: 0\n",
        ),
        Site(
            slug="chipwire",
            name="Chipwire",
            language="en",
            country="US",
            timezone="America/New_York",
            sources=(("feed", "/feed.xml"),),
            article_path="/2026/{slug}",
            robots="User-agent: *\nDisallow: /search\nDisallow: /newsroom-cms/\n",
        ),
        Site(
            slug="rechenblatt",
            name="Rechenblatt",
            language="de",
            country="DE",
            timezone="Europe/Berlin",
            sources=(("feed", "/atom.xml"), ("news-sitemap", "/news-sitemap.xml")),
            article_path="/artikel/{slug}.html",
            robots="User-agent: *\nDisallow: /redaktion/\n\nSitemap: {base}/news-sitemap.xml\n",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What `edit` changes: one line of the body, and the modification date where the outlet admits the change."""

    line: int
    text: str
    modified: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as its TOML tells it; lines of `body` may begin with `## `, `- ` or `> `.

    `published` and `modified` are as the page states them (a bare day, or an instant with its offset): what
    `When.isoformat()` is expected to give. `modified` is None where the page states none.
    """

    outlet: str
    slug: str
    title: str
    standfirst: str
    authors: tuple[str, ...]
    published: str
    modified: str | None
    section: str
    template: str
    body: tuple[str, ...]
    credited: tuple[str, ...]
    relevant: bool
    held: bool
    """Not published before it is told to be."""
    forbidden: bool
    """Linked, and there for whoever asks, but robots.txt forbids to: no crawler is expected to have it."""
    also_amp: bool
    """Announced under a second address as well, which shows the same page."""
    correction: Correction | None

    @property
    def path(self) -> str:
        return SITES[self.outlet].article_path.format(section=self.section, slug=self.slug)

    @property
    def text(self) -> str:
        """The text that aiwire is expected to store."""
        return "\n".join(text for _, text in self.blocks)

    @property
    def blocks(self) -> tuple[tuple[str, str], ...]:
        """The body as (tag, text), the tag being p, h2, li or blockquote."""
        marks = {"## ": "h2", "- ": "li", "> ": "blockquote"}
        return tuple(
            next(((tag, line.removeprefix(mark)) for mark, tag in marks.items() if line.startswith(mark)), ("p", line))
            for line in self.body
        )

    @property
    def published_at(self) -> datetime:
        """Naive where only the day is stated."""
        return datetime.fromisoformat(self.published)

    def corrected(self) -> Article:
        change = self.correction
        if change is None:
            return self
        body = (*self.body[: change.line], change.text, *self.body[change.line + 1 :])
        return replace(self, body=body, modified=change.modified or self.modified, correction=None)


@lru_cache(maxsize=1)
def all_articles() -> dict[str, Article]:
    """Every article by `outlet/slug`, published or held back."""
    found = (_read(path) for path in sorted(FOLDER.glob("*/*.toml")))
    return {f"{article.outlet}/{article.slug}": article for article in found}


@lru_cache(maxsize=1)
def biographies() -> dict[str, str]:
    """What the outlets' pages say of their authors, by name."""
    return {name: row["bio"] for name, row in _toml(FOLDER / "authors.toml").items()}


def _read(path: Path) -> Article:
    table = _toml(path)
    correction = table.get("correction")
    return Article(
        outlet=path.parent.name,
        slug=path.stem,
        title=table["title"],
        standfirst=table["standfirst"],
        authors=tuple(table["authors"]),
        published=table["published"],
        modified=table.get("modified"),
        section=table["section"],
        template=table["template"],
        body=tuple(table["body"]),
        credited=tuple(table["credited"]),
        relevant=table["relevant"],
        held=table.get("held", False),
        forbidden=table.get("forbidden", False),
        also_amp=table.get("also_amp", False),
        correction=Correction(**{"modified": None, **correction}) if correction else None,
    )


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))

"""The newsroom's articles, written by us: what each says, and what aiwire is expected to make of it.

How they look as pages is `crawler.newsroom.pages`' affair; which are published, `crawler.newsroom.state`'s.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One of the newsroom's outlets."""

    slug: str
    name: str
    language: str
    timezone: str
    sources: tuple[tuple[str, str], ...]
    """(kind, path) of each."""


SITES = {
    site.slug: site
    for site in (
        Site(
            slug="gazzetta-ia",
            name="Gazzetta IA",
            language="it",
            timezone="Europe/Rome",
            sources=(("listing", "/altro/tecnologia"), ("listing", "/altro/mondo")),
        ),
        Site(slug="chipwire", name="Chipwire", language="en", timezone="America/New_York", sources=(("feed", "/feed.xml"),)),
        Site(
            slug="rechenblatt",
            name="Rechenblatt",
            language="de",
            timezone="Europe/Berlin",
            sources=(("feed", "/atom.xml"), ("news-sitemap", "/news-sitemap.xml")),
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as its TOML tells it; lines of `body` may begin with `## `, `- ` or `> `."""

    outlet: str
    slug: str
    title: str
    standfirst: str
    authors: tuple[str, ...]
    published: str
    section: str
    template: str
    body: tuple[str, ...]
    credited: tuple[str, ...]
    relevant: bool
    held: bool
    correction: tuple[int, str] | None
    """(line, new text): what `edit` changes."""

    @property
    def path(self) -> str:
        if self.outlet == "gazzetta-ia":
            return f"/altro/{self.section}/{self.slug}"
        return f"/2026/{self.slug}" if self.outlet == "chipwire" else f"/artikel/{self.slug}.html"

    @property
    def text(self) -> str:
        """The text that aiwire is expected to store."""
        return "\n".join(line.lstrip("#->").strip() if line.startswith(("## ", "- ", "> ")) else line for line in self.body)

    @property
    def day(self) -> datetime:
        return datetime.fromisoformat(self.published)

    def corrected(self) -> Article:
        if self.correction is None:
            return self
        line, text = self.correction
        return replace(self, body=(*self.body[:line], text, *self.body[line + 1 :]), correction=None)


@lru_cache(maxsize=1)
def all_articles() -> dict[str, Article]:
    """Every article by `outlet/slug`, published or held back."""
    found = {}
    for path in sorted(FOLDER.glob("*/*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        correction = table.get("correction")
        article = Article(
            outlet=path.parent.name,
            slug=path.stem,
            title=table["title"],
            standfirst=table["standfirst"],
            authors=tuple(table.get("authors", ())),
            published=table["published"],
            section=table.get("section", "tecnologia"),
            template=table["template"],
            body=tuple(table["body"]),
            credited=tuple(table.get("credited", ())),
            relevant=table["relevant"],
            held=table.get("held", False),
            correction=(correction["line"], correction["text"]) if correction else None,
        )
        found[f"{article.outlet}/{article.slug}"] = article
    return found

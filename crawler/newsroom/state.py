"""What the newsroom has published, edited, withdrawn and renamed, and its ports: kept in one JSON file.

A newsroom that is started again on its folder is the same newsroom. What its pages look like is not known here.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.newsroom.articles import SITES, Article, all_articles
from crawler.newsroom.foreign import language_of

_FILE = "newsroom.json"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(slots=True)
class State:
    """`ports` by outlet slug, with `control`; the rest by `outlet/slug`; instants are ISO 8601, UTC, whole seconds."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)
    withdrawn: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """Present slugs of renamed articles."""
    former: dict[str, list[str]] = field(default_factory=dict)
    """Slugs that they had before, the one of their TOML included: those redirect."""
    changed: dict[str, str] = field(default_factory=dict)
    """When an article's page changed last, and by outlet slug, when one of its sources did."""
    folders: dict[str, str] = field(default_factory=dict)
    """Further outlets: slug to the JSON file that lists its pages."""

    @classmethod
    def load(cls, folder: Path) -> State:
        """The folder's state, or that of a newsroom which never ran. Nothing is written before `save`."""
        state = cls(folder)
        try:
            kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            kept = {}
        for name, value in kept.items():
            setattr(state, name, value)
        state._follow_the_articles()
        return state

    def save(self) -> None:
        """Write it whole or not at all: a reader sees the state before or after, never half of it."""
        kept = {name: value for name, value in asdict(self).items() if name != "folder"}
        fresh = self.folder / f"{_FILE}.new"
        fresh.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        fresh.replace(self.folder / _FILE)

    def _follow_the_articles(self) -> None:
        """Another version of aiwire brings other articles: forget those that left, publish those that came."""
        known = all_articles()
        for key in {*self.published, *self.edited, *self.withdrawn, *self.renamed} - known.keys():
            for rows in (self.published, self.edited, self.withdrawn, self.renamed, self.former):
                rows.pop(key, None)
        came = [key for key, article in known.items() if not article.held and key not in self.published]
        now = _now().isoformat()
        self.published |= dict.fromkeys(came, now)
        self.changed |= dict.fromkeys([*came, *{key.partition("/")[0] for key in came}], now)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def shown(self, outlet: str) -> dict[str, Article]:
        """What the outlet links to now, by key, newest first."""
        keys = [key for key in self.published if key.startswith(f"{outlet}/") and key not in self.withdrawn]
        articles = {key: self.article(key) for key in keys}
        return dict(sorted(articles.items(), key=lambda row: (row[1].published_at.date(), row[0]), reverse=True))

    def articles(self, outlet: str) -> list[Article]:
        """What a well-behaved crawler finds at the outlet now, newest first."""
        return [article for article in self.shown(outlet).values() if not article.forbidden]

    def article(self, key: str) -> Article:
        """The article as it reads now, under its present slug."""
        article = all_articles()[key]
        if key in self.edited:
            article = article.corrected()
        return replace(article, slug=self.renamed[key]) if key in self.renamed else article

    def languages(self) -> dict[str, str]:
        """Those of the further outlets, by slug."""
        return {slug: language_of(self.folder / file) for slug, file in self.folders.items()}

    def former_paths(self, key: str) -> list[str]:
        """Where the article was before: these addresses redirect."""
        return [replace(all_articles()[key], slug=slug).path for slug in self.former.get(key, ())]

    def changed_at(self, key: str) -> datetime:
        """When the article's page, or with an outlet's slug one of its sources, changed last."""
        return datetime.fromisoformat(self.changed[key])

    # -- commands; each raises ValueError where it makes no sense, and may be given twice ------------------------------

    def publish(self, key: str) -> None:
        """Show the article, also one that was withdrawn."""
        if _known(key) not in self.published or key in self.withdrawn:
            self.published[key] = self._touch(key)
            self.withdrawn.pop(key, None)

    def edit(self, key: str) -> None:
        """Apply the correction that the article's TOML prepares."""
        if all_articles()[_known(key)].correction is None:
            raise ValueError(f"{key} has no correction prepared")
        if key not in self.edited:
            self.edited[key] = self._touch(key)

    def withdraw(self, key: str) -> None:
        """Take the article away: its address answers 410, no source names it."""
        if key not in self.published:
            raise ValueError(f"{_known(key)} is not published")
        if key not in self.withdrawn:
            self.withdrawn[key] = self._touch(key)

    def rename(self, key: str, slug: str) -> None:
        """Move the article to another slug; the old address redirects, its guid stays."""
        if not _SLUG.fullmatch(slug):
            raise ValueError(f"{slug!r} is no slug: lower-case letters, digits and single hyphens")
        present, outlet = self.article(_known(key)).slug, key.partition("/")[0]
        if slug == present:
            return
        if slug in {self.article(other).slug for other in all_articles() if other.startswith(f"{outlet}/")}:
            raise ValueError(f"{outlet} has an article {slug} already")
        self.former[key] = [*(was for was in self.former.get(key, ()) if was != slug), present]
        self.renamed[key] = slug
        self._touch(key)

    def _touch(self, key: str) -> str:
        """The instant of a change: later than the outlet's last, for Last-Modified has whole seconds."""
        outlet = key.partition("/")[0]
        at = max(_now(), self.changed_at(outlet) + timedelta(seconds=1)).isoformat()
        self.changed[key] = self.changed[outlet] = at
        return at


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _known(key: str) -> str:
    if key not in all_articles():
        outlets = ", ".join(SITES)
        raise ValueError(f"there is no article {key!r}; a key is outlet/slug, an outlet one of {outlets}")
    return key

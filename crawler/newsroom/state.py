"""What the newsroom has published, edited, withdrawn and renamed, and its ports: kept in one JSON file.

A newsroom that is started again on its folder is the same newsroom.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from crawler.newsroom.articles import Article, all_articles


@dataclass(slots=True)
class State:
    """`ports` by outlet slug, with `control`; the rest by `outlet/slug`; instants are ISO 8601, UTC."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)
    withdrawn: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    """Further outlets: slug to the JSON file that lists its pages."""

    @classmethod
    def load(cls, folder: Path) -> State:
        folder.mkdir(parents=True, exist_ok=True)
        state = cls(folder)
        try:
            kept = json.loads((folder / "newsroom.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            now = _now()
            state.published = {key: now for key, article in all_articles().items() if not article.held}
        else:
            for name, value in kept.items():
                setattr(state, name, value)
        return state

    def save(self) -> None:
        kept = {name: value for name, value in asdict(self).items() if name != "folder"}
        fresh = self.folder / "newsroom.json.new"
        fresh.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        os.replace(fresh, self.folder / "newsroom.json")

    def articles(self, outlet: str) -> list[Article]:
        """What the outlet shows now, newest first."""
        shown = [self.article(key) for key in self.published if key.startswith(f"{outlet}/") and key not in self.withdrawn]
        return sorted(shown, key=lambda article: article.published[:10], reverse=True)

    def article(self, key: str) -> Article:
        article = all_articles()[key]
        if key in self.edited:
            article = article.corrected()
        return replace(article, slug=self.renamed[key]) if key in self.renamed else article

    def changed_at(self, key: str) -> datetime:
        return datetime.fromisoformat(self.edited.get(key) or self.published[key])

    # -- commands --------------------------------------------------------------------------------------------------

    def publish(self, key: str) -> None:
        self.published.setdefault(_known(key), _now())
        self.withdrawn.pop(key, None)

    def edit(self, key: str) -> None:
        if all_articles()[_known(key)].correction is None:
            raise ValueError(f"{key} has no correction prepared")
        self.edited.setdefault(key, _now())

    def withdraw(self, key: str) -> None:
        self.withdrawn[_known(key)] = _now()

    def rename(self, key: str, slug: str) -> None:
        self.renamed[_known(key)] = slug


def _known(key: str) -> str:
    if key not in all_articles():
        raise ValueError(f"there is no article {key}")
    return key


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

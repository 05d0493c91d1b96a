"""Pages that hold no article are told from those that do; each file beside is named KIND.LANGUAGE.WHAT.html."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import ExtractError
from pipelines.extract import extract
from pipelines.page_kinds import Kind
from pipelines.records import Page

FOLDER = Path(__file__).parent / "page_kinds"
PAGES = sorted(path.stem for path in FOLDER.glob("*.html"))
ADDRESSES = {"video_stub.en.path": "/video/harbour", "index_page.fr.accueil": "/"}
"""Where the address tells; the others have one that does not."""


def page(name: str) -> Page:
    path = ADDRESSES.get(name, "/2026/03/pagina")
    return Page(
        url=f"https://foglio.example{path}",
        body=(FOLDER / f"{name}.html").read_bytes(),
        fetched_at=datetime(2026, 3, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("article.")])
def test_page_without_an_article_is_what_it_is(name: str) -> None:
    with pytest.raises(ExtractError) as caught:
        extract(page(name))

    assert caught.value.code == name.partition(".")[0]
    assert caught.value.message.startswith(f"no article but {caught.value.code.replace('_', ' ')}: ")


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("article.")])
def test_article_that_looks_like_one_stays_an_article(name: str) -> None:
    assert len(extract(page(name)).text) >= 100


def test_each_kind_has_pages_in_several_languages() -> None:
    for kind in Kind:
        languages = {name.split(".")[1] for name in PAGES if name.startswith(f"{kind}.")}
        assert len(languages) >= 2, kind


def test_evidence_quotes_what_the_page_says() -> None:
    with pytest.raises(ExtractError, match=r"um weiterzulesen.*its JSON-LD says that it is paywalled"):
        extract(page("paywall_teaser.de.abonnieren"))


def test_paywalled_article_whose_text_is_whole_says_that_it_is_paywalled() -> None:
    found = extract(page("article.de.paywalled-whole"))

    assert found.paywalled is not None
    assert found.paywalled.value is True


def test_word_count_that_is_no_number_is_no_evidence() -> None:
    body = (FOLDER / "paywall_teaser.en.word-count.html").read_text(encoding="utf-8").replace("940", f'"{"9" * 5_000}"')

    with pytest.raises(ExtractError) as caught:
        extract(Page(url="https://foglio.example/a", body=body.encode(), fetched_at=datetime(2026, 3, 3, tzinfo=UTC)))

    assert caught.value.code == "no_article"

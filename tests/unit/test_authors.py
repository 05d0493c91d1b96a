"""From credit lines to people."""

from __future__ import annotations

import pytest

from pipelines.authors import people


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("a cura di Anna S.", ("Anna S.",)),
        ("di Marco Ferri e Giulia Conti", ("Marco Ferri", "Giulia Conti")),
        ("By Nora Whitfield and Samuel Oduya", ("Nora Whitfield", "Samuel Oduya")),
        ("Von Katrin Vogel, Jonas Reuter", ("Katrin Vogel", "Jonas Reuter")),
        ("par Zoé Lefèvre", ("Zoé Lefèvre",)),
        ("NORA WHITFIELD", ("Nora Whitfield",)),
        ("Anna Serra, giornalista scientifica", ("Anna Serra",)),
        ("Anna Serra | 12 gennaio", ("Anna Serra",)),
        ("岳弘彬", ("岳弘彬",)),
        ("Redazione Scienza", ("Redazione Scienza",)),
        ("Marco Ferri, Redazione Roma", ("Marco Ferri", "Redazione Roma")),
        ("Sito", ()),
        ("@annaserra", ()),
        ("https://sito.example/anna", ()),
        ("dpa", ("dpa",)),
        ("12 gennaio 2026", ()),
        ("", ()),
    ],
)
def test_people_are_told_from_everything_else(line: str, wanted: tuple[str, ...]) -> None:
    assert people(line, outlet="Sito") == wanted


def test_each_person_is_named_once() -> None:
    assert people(["Anna Serra", "di Anna Serra e Marco Ferri"]) == ("Anna Serra", "Marco Ferri")

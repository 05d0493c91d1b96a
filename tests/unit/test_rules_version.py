"""Which changes make that a page is read by other rules."""

from __future__ import annotations

from dataclasses import replace

from pipelines.identity import block_fingerprint
from pipelines.records import Context, Entry, Hints
from pipelines.rules_version import rules_version

KNOWN = Context(
    outlet_name="Example",
    language="en",
    timezone="Europe/Rome",
    hints=Hints(prune=(".box",)),
    repeated=frozenset(map(block_fingerprint, ("One.", "Two.", "Three."))),
)


def test_same_rules_have_the_same_version_whatever_the_source_said_of_the_entry() -> None:
    same = replace(KNOWN, repeated=frozenset(map(block_fingerprint, ("Three.", "One.", "Two."))))
    assert rules_version(KNOWN) == rules_version(same)
    assert rules_version(KNOWN) == rules_version(replace(KNOWN, entry=Entry(url="https://example.org/a", title="A")))
    assert len(rules_version(KNOWN)) == 16


def test_each_rule_and_what_is_repeated_make_another_version() -> None:
    others = [
        replace(KNOWN, outlet_name="Other"),
        replace(KNOWN, language="it"),
        replace(KNOWN, timezone=None),
        replace(KNOWN, hints=Hints(prune=(".box", ".more"))),
        replace(KNOWN, hints=Hints(prune=(".box",), shared=("One.",))),
        replace(KNOWN, repeated=frozenset(map(block_fingerprint, ("One.", "Two.")))),
    ]
    assert len({rules_version(context) for context in (KNOWN, *others)}) == 1 + len(others)

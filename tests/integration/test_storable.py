"""Arbitrary text and JSON on a real Postgres: what `pipelines.storable` lets through is held, and read back as it is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from pipelines.discovery.entries import GUID_MOST, absolute, identifier, plain
from pipelines.errors import ParseError, StoreError
from pipelines.identity import canonical_url
from pipelines.storable import (
    JSON_DEPTH_MOST,
    REPLACEMENT,
    as_it_came,
    clean,
    clean_record,
    first_unfit,
    fits,
    json_safe,
)
from pipelines.store.database import Database

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANYTHING = st.text(st.characters(exclude_categories=()))  # surrogates and NUL among them
HOSTILE = st.text(st.sampled_from('\x00\ud800\udbff\udc00\udfff\ufffd\ufffe\uffff\x7f\x01"\\ua🤖'))
TEXT = ANYTHING | HOSTILE
HUGE = st.integers(3_990, 5_000).map(lambda digits: -(10**digits))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | HUGE,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner) | st.lists(inner).map(tuple),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def connection(shared_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shared_database_url, autocommit=True) as opened:
        opened.execute("CREATE TABLE key (outlet text, kind text, value text, PRIMARY KEY (outlet, kind, value))")
        yield opened


def back(connection: psycopg.Connection, query: str, value: object) -> object:
    row = connection.execute(query.encode(), (value,)).fetchone()
    assert row is not None
    return row[0]


# -- text ----------------------------------------------------------------------------------------------------------


@QUICK
@given(text=TEXT)
@example(text="\x00")
@example(text="\ud83e\udd16\udd16\ud83e\x00")
def test_any_text_is_held_once_it_is_clean(connection: psycopg.Connection, text: str) -> None:
    assert back(connection, "SELECT %s::text", clean(text)) == clean(text)


@QUICK
@given(text=TEXT)
def test_only_what_postgres_refuses_is_replaced(connection: psycopg.Connection, text: str) -> None:
    """Character by character, as Postgres says itself; a pair of surrogates counts as the character that it means."""
    whole = re.sub(
        "[\ud800-\udbff][\udc00-\udfff]", lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
    assert len(clean(text)) == len(whole)
    for before, after in zip(whole, clean(text), strict=True):
        if before != after:
            assert after == REPLACEMENT
            with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
                connection.execute("SELECT %s::text", (before,))


@QUICK
@given(text=TEXT)
def test_text_that_fits_is_the_same_and_told_apart(text: str) -> None:
    assert (clean(text) is text) == fits(text) == (first_unfit(text) is None)
    assert as_it_came(text) == (text if fits(text) else None)
    assert fits(clean(text))
    assert clean(clean(text)) == clean(text)


@dataclass(frozen=True, slots=True)
class Pair:
    one: str
    others: tuple[object, ...]


@QUICK
@given(one=TEXT, other=TEXT)
def test_records_are_clean_to_their_depths(one: str, other: str) -> None:
    record = Pair(one, (other, Pair(other, (one, 1, None)), b"\x00"))
    wanted = Pair(clean(one), (clean(other), Pair(clean(other), (clean(one), 1, None)), b"\x00"))
    assert clean_record(record) == wanted
    assert (clean_record(record) is record) == (fits(one) and fits(other))


@QUICK
@given(text=TEXT)
def test_what_a_source_says_becomes_text_that_is_held(connection: psycopg.Connection, text: str) -> None:
    for said in (plain(text), plain(text, markup=False)):
        if said is not None:
            assert back(connection, "SELECT %s::text", said) == said


# -- JSON ----------------------------------------------------------------------------------------------------------


def same(held: object, said: object) -> bool:
    """Whether two JSON values are one; jsonb writes 1e308 with all its digits."""
    if isinstance(said, dict) and isinstance(held, dict):
        return held.keys() == said.keys() and all(same(held[key], said[key]) for key in said)
    if isinstance(said, list) and isinstance(held, list):
        return len(held) == len(said) and all(map(same, held, said))
    return float(held) == said if isinstance(said, float) and isinstance(held, int) else held == said


@QUICK
@given(value=JSON)
@example(value={"\x00": "\\u0000", "\ud800": {"\ufffd": "\x00"}})
@example(value=[math.inf, -math.inf, math.nan, 1e308, 5e-324, 10**4_000, 10**3_999])
def test_any_json_is_held_once_it_is_safe(connection: psycopg.Connection, value: object) -> None:
    safe = json_safe(value)
    assert same(back(connection, "SELECT %s::jsonb", Jsonb(safe)), json.loads(json.dumps(safe)))


@QUICK
@given(value=JSON)
def test_json_that_is_safe_stays_as_it_is(value: object) -> None:
    assert json_safe(json_safe(value)) == json_safe(value)


@QUICK
@given(keys=st.lists(TEXT, unique=True))
def test_no_key_is_lost(keys: list[str]) -> None:
    assert list(json_safe({key: n for n, key in enumerate(keys)}).values()) == list(range(len(keys)))


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_json_that_is_too_deep_ends_in_a_replacement(connection: psycopg.Connection, brackets: str) -> None:
    value: object = "bottom"
    for _ in range(100_000):
        value = [value] if brackets == "[]" else {"a": value}
    safe = json_safe(value)
    written = str(back(connection, "SELECT %s::jsonb::text", Jsonb(safe)))
    assert written.count(brackets[0]) == JSON_DEPTH_MOST
    assert REPLACEMENT in written
    while isinstance(value, list | dict):  # else its end would cost the stack
        value = value[0] if isinstance(value, list) else value["a"]


@pytest.mark.parametrize("number", ["1e400000", "-1e400000", "9" * 4_100])
def test_numbers_beyond_jsonb_are_held_as_words(connection: psycopg.Connection, number: str) -> None:
    safe = json_safe({"n": json.loads(number)})
    assert back(connection, "SELECT %s::jsonb ->> 'n'", Jsonb(safe)) in ("Infinity", "-Infinity", REPLACEMENT)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON: bytes"):
        json_safe([b"a"])


# -- keys ----------------------------------------------------------------------------------------------------------


@QUICK
@given(value=st.text(st.characters(exclude_categories=()), min_size=200, max_size=1_100) | TEXT)
@example(value="".join(chr(0x4E00 + n * 59 % 20_000) for n in range(333)))
@example(value="".join(chr(0x1F300 + n * 7 % 700) for n in range(250)))
def test_every_identifier_that_is_taken_is_a_key_of_an_index(connection: psycopg.Connection, value: str) -> None:
    taken = identifier(value)
    assume(taken is not None)
    assert taken == value.strip()
    connection.execute("INSERT INTO key VALUES (%s, 'guid', %s) ON CONFLICT DO NOTHING", ("o" * 64, taken))


@QUICK
@given(path=st.text(st.characters(exclude_categories=()), max_size=2_100) | st.integers(1_900, 2_200).map("x".__mul__))
def test_every_address_that_is_taken_is_a_key_of_an_index(connection: psycopg.Connection, path: str) -> None:
    taken = absolute(f"https://news.example/{path}", "https://news.example/")
    assume(taken is not None)
    assert taken is not None
    assert fits(taken)
    key = canonical_url(taken)  # raises nothing: what is taken as an address has a canonical form
    connection.execute("INSERT INTO key VALUES (%s, 'url', %s) ON CONFLICT DO NOTHING", ("o" * 64, key))


def test_bounds_are_within_what_an_index_takes(connection: psycopg.Connection) -> None:
    """Incompressible keys at the bounds are taken; what Postgres says of longer ones shows that bounds are needed."""
    noise = "".join(chr(33 + (n * n * 31 + n * 17) % 94) for n in range(4_000))
    longest = "https://news.example/" + re.sub(r"[^A-Za-z0-9]", "x", noise)[: 2_083 - 21]
    assert canonical_url(longest) == longest
    for key in (longest, noise[:GUID_MOST]):
        connection.execute("INSERT INTO key VALUES (%s, 'url', %s)", ("o" * 64, key))
    with pytest.raises(ParseError) as caught:
        canonical_url(longest + "x")
    assert caught.value.code == "url_too_long"
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="index row size"):
        connection.execute(
            "INSERT INTO key SELECT 'o', 'url', string_agg(md5(n::text), '') FROM generate_series(1, 150) n"
        )


@pytest.mark.parametrize("said", ["\ud800", "\x00", None])
async def test_what_postgres_refuses_is_no_sign_that_it_is_away(shared_database_url: str, said: str | None) -> None:
    """It files a key that is too long under its own troubles: taken for an outage, that would be tried for ever."""
    long = "SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) n"
    async with Database(shared_database_url) as database:
        with pytest.raises(StoreError) as caught:
            async with database.transaction() as connection:
                await connection.execute(
                    f"INSERT INTO aiwire.host (name) SELECT coalesce(%s, ({long}))".encode(), (said,)
                )
        assert caught.value.code == "store"

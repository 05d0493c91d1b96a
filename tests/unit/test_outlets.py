"""What an outlet's TOML may say, and how its mistakes are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.outlets import Outlet, OutletsError, load_outlets
from pipelines.errors import ConfigError
from pipelines.records import Hints, Policy, SourceKind

AT = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = """
name = "Gazzetta"
homepage = "https://www.gazzetta.example.it"
language = "it"
timezone = "Europe/Rome"
"""
URL = "https://www.gazzetta.example.it/feed"
FOR_EVER = "repeats what varies inside, which can take for ever; write it without"
FEED = """
[[source]]
kind = "feed"
url = "https://www.gazzetta.example.it/feed"
"""
SMALL = HEAD + 'policy = "scrape"\n' + FEED
WHOLE = r"""
slug = "the-gazzetta"
name = "Gazzetta"
homepage = "https://www.gazzetta.example.it/"
language = "it-IT"
country = "IT"
timezone = "Europe/Rome"
policy = "scrape"
gap = "2s"
hosts = ["example.it", "tech.example.org"]
second_looks = ["30m", "2d"]
relevant = true
spider = "my_spiders.gazzetta:Gazzetta"

[poll]
every = "10m"
min = "5m"
max = "24h"

[[source]]
kind = "feed"
url = "https://feeds.example.com/gazzetta"

[[source]]
kind = "news-sitemap"
url = "https://www.gazzetta.example.it/news.xml"
every = "5m"

[[source]]
kind = "listing"
url = "https://www.gazzetta.example.it/tech"
cron = "0 6-22 * * 1-5"
link_pattern = '^/tech/\d+-[a-z0-9-]+$'

[extraction]
keep = ["article .text", "//div[@id='body']"]
prune = ["aside", "(//div[@class='promo'])[1]"]
byline = [".author"]
date = ["time[datetime]"]
shared = ["Il gruppo possiede anche questa rete."]
"""
TWO = """
[[extraction]]
valid_until = 2026-03-14
keep = [".old"]
[[extraction]]
valid_from = 2026-03-15
keep = [".new"]
shared = ["Il gruppo possiede anche questa rete."]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "outlets").mkdir()
    return tmp_path


def load(config: Path, **files: str) -> tuple[Outlet, ...]:
    for name, text in files.items():
        (config / "outlets" / f"{name}.toml").write_text(text, encoding="utf-8")
    return load_outlets(config)


def mistakes(config: Path, **files: str) -> list[str]:
    with pytest.raises(OutletsError) as caught:
        load(config, **files)
    assert isinstance(caught.value, ConfigError)
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return list(caught.value.problems)


# -- what is read ------------------------------------------------------------------------------------------------------


def test_small_file_is_an_outlet_with_defaults(config: Path) -> None:
    (outlet,) = load(config, gazzetta=SMALL)

    assert (outlet.slug, outlet.name, outlet.policy) == ("gazzetta", "Gazzetta", Policy.SCRAPE)
    assert outlet.hosts == ("example.it",)  # the registrable domain of its homepage
    assert outlet.gap is None
    assert outlet.second_looks is None
    assert (outlet.relevant, outlet.local, outlet.spider) == (False, False, None)
    assert outlet.hints_at(AT) == Hints()
    assert [(source.kind, source.every, source.cron) for source in outlet.sources] == [(SourceKind.FEED, None, None)]


def test_every_key_is_read(config: Path) -> None:
    (outlet,) = load(config, gazzetta=WHOLE)

    assert outlet.slug == "the-gazzetta"
    assert outlet.hosts == ("example.it", "tech.example.org")
    assert (outlet.gap, outlet.second_looks, outlet.relevant) == (2.0, (1_800.0, 172_800.0), True)
    assert (outlet.poll.every, outlet.poll.min, outlet.poll.max) == (600.0, 300.0, 86_400.0)
    assert [source.kind for source in outlet.sources] == ["feed", "news-sitemap", "listing"]
    assert outlet.sources[1].every == 300.0
    assert outlet.sources[2].cron == "0 6-22 * * 1-5"
    assert outlet.hints_at(AT) == Hints(
        keep=("article .text", "//div[@id='body']"),
        prune=("aside", "(//div[@class='promo'])[1]"),
        byline=(".author",),
        date=("time[datetime]",),
        shared=("Il gruppo possiede anche questa rete.",),
    )


@pytest.mark.parametrize("text", [SMALL, WHOLE, SMALL + TWO])
def test_outlet_survives_the_json_of_the_database(config: Path, text: str) -> None:
    (outlet,) = load(config, gazzetta=text)

    assert Outlet.model_validate_json(outlet.model_dump_json()) == outlet
    assert Outlet.model_validate(json.loads(json.dumps(outlet.model_dump(mode="json")))) == outlet


def test_local_outlet_survives_the_json_of_the_database(config: Path) -> None:
    text = SMALL.replace("https://www.gazzetta.example.it", "http://127.0.0.1:8123").replace(
        "policy", "local = true\npolicy"
    )
    (outlet,) = load(config, gazzetta=text)

    assert outlet.hosts == ("127.0.0.1:8123",)
    assert Outlet.model_validate_json(outlet.model_dump_json()) == outlet


def test_outlets_come_in_the_order_of_their_slugs(config: Path) -> None:
    second = SMALL.replace("gazzetta.example.it", "other.example.it")

    assert [outlet.slug for outlet in load(config, b=SMALL, a=second)] == ["a", "b"]


def test_what_an_editor_leaves_beside_a_file_is_no_outlet(config: Path) -> None:
    (config / "outlets" / ".#gazzetta.toml").symlink_to("someone@machine.1234")
    (config / "outlets" / "gazzetta.toml~").write_text("half a fi", encoding="utf-8")

    assert len(load(config, gazzetta=SMALL)) == 1


@pytest.mark.parametrize("policy", ["never-scrape", "discovery-only", "scrape"])
def test_only_a_publisher_that_is_never_scraped_has_no_source(config: Path, policy: str) -> None:
    head = HEAD + f'policy = "{policy}"\n'
    without, with_source = head, head + FEED

    if policy == "never-scrape":
        assert load(config, gazzetta=without)[0].sources == ()
        assert mistakes(config, gazzetta=with_source) == [
            "outlets/gazzetta.toml: source: policy never-scrape allows no source"
        ]
    else:
        assert len(load(config, gazzetta=with_source)[0].sources) == 1
        assert mistakes(config, gazzetta=without) == [
            f"outlets/gazzetta.toml: source: policy {policy} needs at least one [[source]]"
        ]


# -- all mistakes at once ----------------------------------------------------------------------------------------------


def test_every_mistake_of_every_file_is_told_with_file_and_key(config: Path) -> None:
    wrong = """
name = "Wrong"
homepage = "ftp://wrong.example.it"
langage = "it"
timezone = "Europe/Roma"
policy = "scrap"
gap = 5
hosts = ["https://wrong.example.it/"]
spider = "no colon"

[pol]
every = "15m"

[poll]
min = "2h"
max = "1h"

[[source]]
kind = "feed"
url = "https://www.gazzetta.example.it/feed"
link_pattern = "^/x$"

[[source]]
kind = "rss"
url = "https://wrong.example.it/rss"
evry = "5m"

[extraction]
prune = ["div..x", "aside"]
keep = ["//div[@class='a'"]
"""
    listing = (
        SMALL + '\n[[source]]\nkind = "listing"\nurl = "https://www.gazzetta.example.it/"\nlink_pattern = "(a+)+"\n'
    )

    told = mistakes(config, Upper=SMALL.replace("/feed", "/other"), broken="name = \n", gazzetta=listing, wrong=wrong)

    assert [line.partition("; did")[0] for line in told] == [
        "outlets/Upper.toml: slug: a slug has lower-case letters, digits and single hyphens",
        "outlets/broken.toml: not TOML: Invalid value (at line 1, column 8)",
        f"outlets/gazzetta.toml: source[1].link_pattern: (a+)+ {FOR_EVER}",
        f"outlets/wrong.toml: source[0].url: {URL} is already polled as outlets/gazzetta.toml: source[0].url",
        "outlets/wrong.toml: homepage: not a usable URL: not an absolute http or https URL",
        "outlets/wrong.toml: language: is missing",
        "outlets/wrong.toml: timezone: no IANA time zone",
        "outlets/wrong.toml: policy: Input should be 'scrape', 'discovery-only' or 'never-scrape'",
        'outlets/wrong.toml: gap: a duration is a number with a unit, such as "5s", "15m", "1h" or "7d", not 5',
        "outlets/wrong.toml: hosts: 'https://wrong.example.it/' is no host: a name in lower case, without https:// and path",
        "outlets/wrong.toml: spider: String should match pattern '^[A-Za-z_][\\w.]*:[A-Za-z_]\\w*$'",
        "outlets/wrong.toml: poll.max: shorter than min",
        "outlets/wrong.toml: source[0].link_pattern: only a listing has one",
        "outlets/wrong.toml: source[1].kind: Input should be 'feed', 'news-sitemap', 'sitemap' or 'listing'",
        "outlets/wrong.toml: source[1].evry: unknown key",
        "outlets/wrong.toml: extraction.keep: selector \"//div[@class='a'\": Invalid predicate",
        "outlets/wrong.toml: extraction.prune: selector 'div..x': Expected ident, got <DELIM '.' at 4>",
        "outlets/wrong.toml: langage: unknown key",
        "outlets/wrong.toml: pol: unknown key",
    ]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("langage = 'it'", "langage: unknown key; did you mean language?"),
        ("[[sources]]\nkind = 'feed'", "sources: unknown key; did you mean source?"),
        ("[poll]\nevry = '5m'", "poll.evry: unknown key; did you mean every?"),
        ("[extraction]\nby_line = []", "extraction.by_line: unknown key; did you mean byline?"),
        ("xyzzy = 'red'", "xyzzy: unknown key"),
    ],
)
def test_unknown_key_is_told_with_what_was_meant(config: Path, line: str, meant: str) -> None:
    head, _, source = SMALL.partition("[[source]]")
    text = f"{head}{line}\n[[source]]{source}" if "[" not in line else f"{SMALL}\n{line}\n"

    assert mistakes(config, gazzetta=text) == [f"outlets/gazzetta.toml: {meant}"]


def test_sources_by_their_name_in_json_are_refused_in_toml(config: Path) -> None:
    told = mistakes(config, gazzetta=SMALL.replace("[[source]]", "[[sources]]"))

    assert told[0] == "outlets/gazzetta.toml: sources: unknown key; did you mean source?"


def test_zone_that_is_none_is_told_with_what_was_meant(config: Path) -> None:
    (told,) = mistakes(config, gazzetta=SMALL.replace("Europe/Rome", "Europe/Roma"))

    assert told == "outlets/gazzetta.toml: timezone: no IANA time zone; did you mean Europe/Rome?"


def test_slug_of_two_files_is_told(config: Path) -> None:
    other = 'slug = "gazzetta"\n' + SMALL.replace("/feed", "/other")

    assert mistakes(config, gazzetta=SMALL, other=other) == [
        "outlets/other.toml: slug: 'gazzetta' is already taken by outlets/gazzetta.toml"
    ]


def test_source_that_is_named_twice_is_told_in_whatever_spelling(config: Path) -> None:
    twice = SMALL + FEED.replace("https://www.gazzetta.example.it/feed", "HTTPS://WWW.gazzetta.example.it:443/feed#top")

    assert mistakes(config, gazzetta=twice) == [
        "outlets/gazzetta.toml: source[1].url: https://www.gazzetta.example.it/feed is already polled as source[0].url"
    ]


def test_file_that_cannot_be_read_is_told(config: Path) -> None:
    (config / "outlets" / "folder.toml").mkdir()
    (config / "outlets" / "latin.toml").write_bytes('name = "Società"'.encode("latin-1"))

    folder, latin = mistakes(config)

    assert folder.startswith("outlets/folder.toml: can't be read: ")
    assert latin.startswith("outlets/latin.toml: can't be read: 'utf-8' codec can't decode")


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutletsError, match="outlets/: there is no such folder"):
        load_outlets(tmp_path)


# -- sources -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/feed",
        "http://127.0.0.1/feed",
        "http://[::1]/feed",
        "http://10.0.0.7/feed",
        "http://169.254.169.254/latest/meta-data",
        "http://intranet/feed",
        "http://nas.local/feed",
        "https://www.example.it:8443/feed",
    ],
)
def test_source_off_the_public_web_needs_local(config: Path, url: str) -> None:
    text = SMALL.replace("https://www.gazzetta.example.it/feed", url)

    (told,) = mistakes(config, gazzetta=text)

    assert told.startswith("outlets/gazzetta.toml: source[0].url: ")
    assert load(config, gazzetta=text.replace("policy", "local = true\npolicy"))[0].sources[0].url == url


def test_source_with_a_password_is_refused(config: Path) -> None:
    (told,) = mistakes(config, gazzetta=SMALL.replace("https://www.", "https://me:hunter2@www."))[-1:]

    assert (
        told == "outlets/gazzetta.toml: source[0].url: a URL here holds no user and no password: it is shown and logged"
    )


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "feed",
        "https://",
        "data:text/xml,x",
        "https://exa mple.it:x/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.0x1/",
    ],
)
def test_source_that_is_no_web_address_is_refused(config: Path, url: str) -> None:
    (told,) = mistakes(config, gazzetta=SMALL.replace("https://www.gazzetta.example.it/feed", url))

    assert told.startswith("outlets/gazzetta.toml: source[0].url: ")


def test_listing_needs_a_link_pattern(config: Path) -> None:
    (told,) = mistakes(config, gazzetta=SMALL.replace('"feed"', '"listing"'))

    assert told.startswith(
        "outlets/gazzetta.toml: source[0].link_pattern: a listing needs one: a regular expression on"
    )


def test_link_pattern_must_be_a_regular_expression(config: Path) -> None:
    text = SMALL.replace('"feed"', '"listing"') + "link_pattern = '^/(a'\n"

    (told,) = mistakes(config, gazzetta=text)

    assert told.startswith("outlets/gazzetta.toml: source[0].link_pattern: not a regular expression: missing ), unter")


# -- timing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cron",
    ["0 6 * *", "0 6 * * * *", "@daily", "60 6 * * *", "0 6 * * mondy", "R 6 * * *", "H 6 * * *", "0 6 31 2 *", ""],
)
def test_cron_expression_that_never_comes_is_refused(config: Path, cron: str) -> None:
    (told,) = mistakes(config, gazzetta=f'{SMALL}cron = "{cron}"\n')

    assert told.startswith("outlets/gazzetta.toml: source[0].cron: ")


@pytest.mark.parametrize("cron", ["0 6 * * *", "*/15 8-18 * * mon-fri", "0 6 29 2 *", "5,35 * * mar,oct thu"])
def test_cron_expression_of_five_fields_passes(config: Path, cron: str) -> None:
    assert load(config, gazzetta=f'{SMALL}cron = "{cron}"\n')[0].sources[0].cron == cron


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('every = "5m"\ncron = "0 6 * * *"', "source[0].cron: every and cron exclude each other"),
        (
            'every = "10s"',
            "source[0].every: shorter than a minute: only outlets with local = true are polled that often",
        ),
        ('[poll]\nevery = "2h"\nmax = "1h"', "poll.max: shorter than every"),
        ("[poll]\nevery = 0.5\n", "poll.every: a duration is a number with a unit"),
    ],
)
def test_interval_that_makes_no_sense_is_refused(config: Path, lines: str, told: str) -> None:
    (found,) = mistakes(config, gazzetta=f"{SMALL}{lines}\n")

    assert found.startswith(f"outlets/gazzetta.toml: {told}")


def test_only_an_outlet_of_ones_own_is_asked_without_pause(config: Path) -> None:
    text = SMALL.replace("policy", 'gap = "0s"\npolicy')

    assert mistakes(config, gazzetta=text) == [
        "outlets/gazzetta.toml: gap: shorter than a second: only outlets with local = true are asked that fast"
    ]
    assert load(config, gazzetta="local = true\n" + text)[0].gap == 0.0


# -- extraction --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("", "Expected selector"),
        ("//no:such", "Undefined namespace prefix"),
        ("//div[nonsense(.)]", "Unregistered function"),
        ("//time/@datetime", "it must select elements"),
        ("//h1/text()", "it must select elements"),
    ],
)
def test_selector_that_would_fail_on_a_page_is_refused(config: Path, selector: str, told: str) -> None:
    (found,) = mistakes(config, gazzetta=f"{SMALL}[extraction]\ndate = ['{selector}']\n")

    assert found.startswith(f"outlets/gazzetta.toml: extraction.date: selector {selector!r}: {told}")


# -- rules with days ---------------------------------------------------------------------------------------------------


def rules(*days: str) -> str:
    return SMALL + "".join(f"[[extraction]]\n{lines}\n" for lines in days)


@pytest.mark.parametrize(
    ("at", "keep"),
    [
        (datetime(2019, 1, 1, tzinfo=UTC), ".old"),
        (datetime(2026, 3, 14, 22, 59, tzinfo=UTC), ".old"),
        (datetime(2026, 3, 14, 23, 1, tzinfo=UTC), ".new"),  # midnight in Rome
        (datetime(2040, 1, 1, tzinfo=UTC), ".new"),
    ],
)
def test_rules_hold_from_day_to_day_in_the_outlets_zone(config: Path, at: datetime, keep: str) -> None:
    (outlet,) = load(config, gazzetta=SMALL + TWO)

    assert outlet.hints_at(at).keep == (keep,)


def test_sets_may_stand_in_any_order(config: Path) -> None:
    (outlet,) = load(config, gazzetta=rules("valid_from = 2026-03-15\nkeep = ['.new']", "valid_until = 2026-03-14"))

    assert outlet.hints_at(datetime(2026, 3, 20, tzinfo=UTC)).keep == (".new",)
    assert outlet.hints_at(datetime(2026, 3, 1, tzinfo=UTC)) == Hints()


def test_days_outside_of_a_single_table_have_no_rules(config: Path) -> None:
    (outlet,) = load(config, gazzetta=f"{SMALL}[extraction]\nvalid_until = 2026-03-14\nkeep = ['.old']\n")

    assert outlet.hints_at(datetime(2026, 3, 14, 12, tzinfo=UTC)).keep == (".old",)
    assert outlet.hints_at(datetime(2026, 3, 15, 12, tzinfo=UTC)) == Hints()


def test_definition_of_an_earlier_version_is_read(config: Path) -> None:
    (outlet,) = load(config, gazzetta=SMALL)
    earlier = {
        **outlet.model_dump(mode="json"),
        "extraction": {"keep": [".text"], "prune": [], "byline": [], "date": []},
    }

    assert Outlet.model_validate(earlier).hints_at(datetime(2026, 1, 1, tzinfo=UTC)).keep == (".text",)


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (
            ("valid_from = 2026-03-15\nvalid_until = 2026-03-01",),
            "extraction[0].valid_until: 2026-03-01 is before valid_from, 2026-03-15",
        ),
        (
            ("valid_until = 2026-03-14", "valid_from = 2026-03-10"),
            "extraction: [0] and [1] hold on the same days: from 2026-03-10 to 2026-03-14",
        ),
        (
            ("valid_until = 2026-03-14", "valid_until = 2026-06-01"),
            "extraction: [0] and [1] hold on the same days: from ever to 2026-03-14",
        ),
        (
            ("keep = ['.a']", "valid_from = 2026-03-10"),
            "extraction: [0] and [1] hold on the same days: give [0] the valid_until with which its layout ended",
        ),
        (
            ("valid_until = 2026-03-14", "valid_from = 2026-03-20"),
            "extraction: no rules from 2026-03-15 to 2026-03-19, between [0] and [1]: a set without selectors says that none are needed",
        ),
        (("valid_from = 2026",), "extraction[0].valid_from: a day is written as 2026-03-15"),
        (("valid_from = 'soon'",), "extraction[0].valid_from: Input should be a valid date"),
        (("keep = ['div..x']",), "extraction[0].keep: selector 'div..x': Expected ident"),
        (("shared = ['–']",), "extraction[0].shared: '–' has no word: give the whole text"),
        (("valid_form = 2026-01-01",), "extraction[0].valid_form: unknown key; did you mean valid_from?"),
    ],
)
def test_sets_that_make_no_sense_are_told(config: Path, sets: tuple[str, ...], told: str) -> None:
    (found,) = mistakes(config, gazzetta=rules(*sets))

    assert found.startswith(f"outlets/gazzetta.toml: {told}")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('name = "Gaz\\u0000zetta"', "name: it holds U+0000, which Postgres can't store"),
        (
            'homepage = "https://www.gazzetta.example.it/\\u0000"',
            "homepage: it holds U+0000, which Postgres can't store",
        ),
        ('name = "Gaz\\u001b[2Jzetta"', "name: a name is one line of text: it holds U+001B"),
        ('name = "Gaz\\nzetta"', "name: a name is one line of text: it holds U+000A"),
        ('name = " \\u200b "', "name: a name shows something: it is blank"),
        ('[extraction]\nkeep = ["p", "a\\u0000"]', "extraction.keep: it holds U+0000, which Postgres can't store"),
        (
            f'[[source]]\nkind = "feed"\nurl = "https://www.gazzetta.example.it/{"x" * 2_100}"',
            "source[1].url: longer than 2083 characters",
        ),
    ],
)
def test_what_postgres_cannot_hold_is_refused_by_name(tmp_path: Path, written: str, problem: str) -> None:
    key = written.partition(" = ")[0]
    others = "\n".join(line for line in SMALL.splitlines() if not line.startswith(f"{key} ="))
    whole = f"{others}\n{written}" if written.startswith("[") else f"{written}\n{others}"
    folder = tmp_path / "outlets"
    folder.mkdir()
    (folder / "gazzetta.toml").write_text(whole, encoding="utf-8")
    with pytest.raises(OutletsError) as caught:
        load_outlets(tmp_path)
    assert caught.value.problems == (f"outlets/gazzetta.toml: {problem}",)

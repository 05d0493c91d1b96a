"""The outlets as configured: config/outlets/*.toml become frozen Outlets, every mistake in every file at once.

When a source is polled is computed in `crawler.cadence`; what its spider does stands in `crawler.spiders`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from crawler.checks import (
    check_cron,
    check_host,
    check_link_pattern,
    check_name,
    check_public,
    check_storable,
    check_url,
)
from crawler.durations import PositiveSeconds, Seconds
from crawler.extraction_rules import ExtractionRules, check_ranges
from pipelines.errors import ConfigError, ParseError
from pipelines.identity import canonical_url, host_of, registrable_domain
from pipelines.records import Hints, Policy, SourceKind, Withdrawal

GAP_LEAST, EVERY_LEAST = 1.0, 60.0
"""Seconds; what is shorter is for outlets of one's own (`local`)."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class OutletsError(ConfigError):
    """Mistakes in config/outlets; `problems` has a line each: file, key, what is wrong."""

    code = "outlets"

    def __init__(
        self, message: str = "", *, subject: str = "", code: str | None = None, problems: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message or "\n".join(problems), subject=subject, code=code)
        self.problems = problems


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _held(cls, value: object) -> object:
        check_storable(value)
        return value


class _Timed(_Frozen):
    """At a fixed interval, or as a cron expression in the outlet's zone says."""

    every: PositiveSeconds | None = None
    cron: str | None = None

    @field_validator("every")
    @classmethod
    def _every(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and value < EVERY_LEAST and _strict(info):
            raise ValueError("shorter than a minute: only outlets with local = true are polled that often")
        return value

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if info.data.get("every") is not None:
            raise ValueError("every and cron exclude each other")
        check_cron(value)
        return value


class Poll(_Timed):
    """How often an outlet's sources are polled, and the bounds of any interval that is computed."""

    min: Seconds | None = None
    max: PositiveSeconds | None = None

    @field_validator("max")
    @classmethod
    def _bounds(cls, value: float | None, info: ValidationInfo) -> float | None:
        least, every = info.data.get("min"), info.data.get("every")
        if value is not None and least is not None and least > value:
            raise ValueError("shorter than min")
        if value is not None and every is not None and every > value:
            raise ValueError("shorter than every")
        return value


class Source(_Timed):
    """A URL to poll; `link_pattern` (listings only) is a regular expression on the path of article links."""

    kind: SourceKind
    url: str
    link_pattern: str | None = Field(default=None, validate_default=True)

    @field_validator("url")
    @classmethod
    def _url(cls, value: str, info: ValidationInfo) -> str:
        check_url(value)
        if _strict(info):
            check_public(value)
        return value

    @field_validator("link_pattern")
    @classmethod
    def _pattern(cls, value: str | None, info: ValidationInfo) -> str | None:
        listing = info.data.get("kind") is SourceKind.LISTING
        if value is None:
            if listing:
                raise ValueError("a listing needs one: a regular expression on the path of its articles' links")
            return None
        if not listing and "kind" in info.data:
            raise ValueError("only a listing has one")
        check_link_pattern(value)
        return value


class Outlet(_Frozen):
    """A publisher: who it is, what may be done with it, where it announces its articles.

    JSON written by `model_dump_json` is read again by `model_validate_json`.
    """

    slug: str = Field(max_length=64)
    name: str = Field(min_length=1, max_length=200)
    homepage: str
    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    timezone: str
    policy: Policy
    gap: Seconds | None = None
    hosts: tuple[str, ...] = ()
    second_looks: tuple[PositiveSeconds, ...] | None = None
    withhold: tuple[Withdrawal, ...] | None = None
    relevant: bool = False
    spider: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    local: bool = False
    poll: Poll = Poll()
    sources: tuple[Source, ...] = Field(default=(), alias="source", validate_default=True)
    extraction: tuple[ExtractionRules, ...] = ()

    @field_validator("slug")
    @classmethod
    def _slug(cls, value: str) -> str:
        if not _SLUG.fullmatch(value):
            raise ValueError("a slug has lower-case letters, digits and single hyphens")
        return value

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        check_name(value)
        return value

    @field_validator("homepage")
    @classmethod
    def _homepage(cls, value: str) -> str:
        check_url(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no IANA time zone{_suggestion(value, available_timezones())}")
        return value

    @field_validator("gap")
    @classmethod
    def _gap(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and value < GAP_LEAST and _strict(info):
            raise ValueError("shorter than a second: only outlets with local = true are asked that fast")
        return value

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            check_host(host)
        return value

    @field_validator("sources")
    @classmethod
    def _sources(cls, value: tuple[Source, ...], info: ValidationInfo) -> tuple[Source, ...]:
        policy = info.data.get("policy")
        if policy is Policy.NEVER_SCRAPE and value:
            raise ValueError("policy never-scrape allows no source")
        if policy in (Policy.SCRAPE, Policy.DISCOVERY_ONLY) and not value:
            raise ValueError(f"policy {policy} needs at least one [[source]]")
        return value

    @field_validator("extraction", mode="before")
    @classmethod
    def _one_set(cls, value: object) -> object:
        return (value,) if isinstance(value, dict) else value

    @field_validator("extraction")
    @classmethod
    def _extraction(cls, value: tuple[ExtractionRules, ...]) -> tuple[ExtractionRules, ...]:
        check_ranges(value)
        return value

    @model_validator(mode="after")
    def _default_hosts(self) -> Self:
        if not self.hosts:
            object.__setattr__(self, "hosts", (registrable_domain(host_of(self.homepage)),))
        return self

    def hints_at(self, when: datetime) -> Hints:
        """The rules that held when a page was fetched; empty ones on a day that has none."""
        day = when.astimezone(self.zone).date()
        return next((rules.hints for rules in self.extraction if rules.holds_on(day)), Hints())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def load_outlets(config_dir: Path) -> tuple[Outlet, ...]:
    """Every outlet under config_dir/outlets, by slug. Raises OutletsError that lists every mistake of every file."""
    folder = config_dir / "outlets"
    if not folder.is_dir():
        raise OutletsError(problems=("outlets/: there is no such folder in " + str(config_dir),))
    problems: list[str] = []
    outlets: list[Outlet] = []
    slugs: dict[str, str] = {}  # to the file that has it
    urls: dict[str, str] = {}  # to file and key
    for path in sorted(folder.glob("*.toml")):
        if path.name.startswith("."):  # an editor's lock or copy
            continue
        name = f"outlets/{path.name}"
        try:
            # Floats stay text: a duration needs a unit.
            written = {"slug": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)}
            if written.pop("sources", None) is not None:  # its name in Python and JSON
                problems.append(f"{name}: sources: unknown key; did you mean source?")
            problems += _taken(name, written, slugs, urls)
            outlets.append(Outlet.model_validate(written, context={"local": written.get("local") is True}))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}: can't be read: {error}")
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{name}: not TOML: {error}")
        except ValidationError as error:
            single = isinstance(written.get("extraction"), dict)
            problems.extend(f"{name}: {problem}" for problem in _told(error, single=single))
    if problems:
        raise OutletsError(problems=tuple(problems))
    return tuple(sorted(outlets, key=lambda outlet: outlet.slug))


def _taken(name: str, written: dict[str, Any], slugs: dict[str, str], urls: dict[str, str]) -> Iterator[str]:
    """What another file has already, whether or not the files are right otherwise."""
    slug = str(written["slug"])
    if (other := slugs.setdefault(slug, name)) != name:
        yield f"{name}: slug: {slug!r} is already taken by {other}"
    sources = written.get("source")
    for n, source in enumerate(sources if isinstance(sources, list) else []):
        try:
            url = canonical_url(source["url"])
        except (ParseError, LookupError, TypeError, AttributeError):  # told by the model
            continue
        place = f"{name}: source[{n}].url"
        if (other := urls.setdefault(url, place)) != place:
            yield f"{place}: {url} is already polled as {other.removeprefix(f'{name}: ')}"


def _told(error: ValidationError, *, single: bool) -> Iterator[str]:
    """A line a mistake; `single` says that the file has one [extraction]."""
    for problem in error.errors(include_url=False, include_context=False):
        loc = problem["loc"]
        if loc[:2] == ("extraction", 0) and single:  # a table: nobody counted it
            loc = ("extraction", *loc[2:])
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
        key = "source" if key == "sources" else key  # what a default is called
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = f"unknown key{_suggestion(str(loc[-1]), _siblings(loc))}"
        elif problem["type"] == "missing":
            message = "is missing"
        yield f"{key}: {message}"


def _siblings(loc: tuple[Any, ...]) -> set[str]:
    models: dict[str, type[BaseModel]] = {"source": Source, "poll": Poll, "extraction": ExtractionRules}
    model = models.get(str(loc[0]), Outlet) if len(loc) > 1 else Outlet
    return {field.alias or name for name, field in model.model_fields.items()}


def _suggestion(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _strict(info: ValidationInfo) -> bool:
    """Whether this is a file of an outlet that is not `local`; what the database holds was checked before."""
    return isinstance(info.context, dict) and not info.context["local"]

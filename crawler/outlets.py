"""The outlets as configured: config/outlets/*.toml become frozen Outlets, every mistake in every file at once.

When a source is polled is computed in `crawler.cadence`; what its spider does stands in `crawler.spiders`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from cssselect import HTMLTranslator, SelectorError
from lxml import etree
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crawler.durations import Seconds
from pipelines.errors import ConfigError, ParseError
from pipelines.identity import canonical_url, host_of, registrable_domain
from pipelines.records import Hints, Policy, SourceKind

DEFAULT_EVERY = 900.0
"""Seconds between polls where neither the source nor the outlet says."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NESTED_QUANTIFIER = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\d*\})")


class OutletsError(ConfigError):
    """Mistakes in config/outlets; `problems` has a line each: file, key, what is wrong."""

    code = "outlets"

    def __init__(self, message: str = "", *, subject: str = "", code: str | None = None, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message or "\n".join(problems), subject=subject, code=code)
        self.problems = problems


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Poll(_Frozen):
    """How often sources are polled: a fixed interval or a cron expression in the outlet's zone, within bounds."""

    every: Seconds | None = None
    cron: str | None = None
    min: Seconds = 60.0
    max: Seconds = 86_400.0

    _cron = field_validator("cron")(lambda value: _valid_cron(value))

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.every is not None and self.cron is not None:
            raise ValueError("every and cron exclude each other")
        if self.min > self.max:
            raise ValueError("min is longer than max")
        return self


class Source(_Frozen):
    """A URL to poll; `link_pattern` (listings only) is a regular expression on the path of article links."""

    kind: SourceKind
    url: str
    every: Seconds | None = None
    cron: str | None = None
    link_pattern: str | None = None

    _cron = field_validator("cron")(lambda value: _valid_cron(value))

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        try:
            canonical_url(value)
        except ParseError as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("link_pattern")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if _NESTED_QUANTIFIER.search(value):
            raise ValueError("a repeated group that repeats inside, such as (a+)+, can take for ever; write it without")
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _listing(self) -> Self:
        if self.every is not None and self.cron is not None:
            raise ValueError("every and cron exclude each other")
        if (self.kind is SourceKind.LISTING) != (self.link_pattern is not None):
            raise ValueError("link_pattern belongs to a listing, and a listing needs one")
        return self


class Extraction(_Frozen):
    """Selectors (CSS, or XPath where they begin with / or a parenthesis) that know this outlet's pages."""

    keep: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()
    date: tuple[str, ...] = ()

    @field_validator("keep", "prune", "byline", "date")
    @classmethod
    def _selectors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for selector in value:
            try:
                if selector.startswith(("/", "(")):
                    etree.XPath(selector)
                else:
                    HTMLTranslator().css_to_xpath(selector)
            except (etree.XPathSyntaxError, SelectorError) as error:
                raise ValueError(f"selector {selector!r}: {error}") from error
        return value


class Outlet(_Frozen):
    """A publisher: who it is, what may be done with it, where it announces its articles."""

    slug: str
    name: str = Field(min_length=1, max_length=200)
    homepage: str
    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    timezone: str
    policy: Policy
    gap: Seconds | None = None
    hosts: tuple[str, ...] = ()
    second_looks: tuple[Seconds, ...] | None = None
    relevant: bool = False
    spider: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    local: bool = False
    poll: Poll = Poll()
    sources: tuple[Source, ...] = Field(default=(), alias="source")
    extraction: Extraction = Extraction()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("slug")
    @classmethod
    def _slug(cls, value: str) -> str:
        if not _SLUG.fullmatch(value) or len(value) > 64:
            raise ValueError("a slug has lower-case letters, digits and single hyphens, 64 at most")
        return value

    @field_validator("homepage")
    @classmethod
    def _homepage(cls, value: str) -> str:
        try:
            canonical_url(value)
        except ParseError as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no IANA time zone{_suggestion(value, available_timezones())}")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.hosts:
            object.__setattr__(self, "hosts", (registrable_domain(host_of(self.homepage)),))
        if self.policy is Policy.NEVER_SCRAPE and self.sources:
            raise ValueError("policy never-scrape allows no source")
        if self.policy is not Policy.NEVER_SCRAPE and not self.sources:
            raise ValueError("at least one [[source]] is needed")
        for source in self.sources:
            parts = urlsplit(source.url)
            if not self.local and (parts.port not in (None, 80, 443) or _is_local(parts.hostname or "")):
                raise ValueError(f"{source.url}: loopback addresses and other ports need local = true")
        return self

    @property
    def hints(self) -> Hints:
        return Hints(**self.extraction.model_dump())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def load_outlets(config_dir: Path) -> tuple[Outlet, ...]:
    """Every outlet under config_dir/outlets, by slug. Raises OutletsError that lists every mistake of every file."""
    problems: list[str] = []
    outlets: dict[str, Outlet] = {}
    urls: dict[str, str] = {}
    files: dict[str, str] = {}
    for path in sorted((config_dir / "outlets").glob("*.toml")):
        name = f"outlets/{path.name}"
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8"))
            outlet = Outlet.model_validate({"slug": path.stem, **written})
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}: can't be read: {error}")
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{name}: not TOML: {error}")
        except ValidationError as error:
            problems.extend(f"{name}: {problem}" for problem in _told(error))
        else:
            if outlet.slug in outlets:
                problems.append(f"{name}: slug: {outlet.slug!r} is already taken by {files[outlet.slug]}")
            outlets[outlet.slug], files[outlet.slug] = outlet, name
            for n, source in enumerate(outlet.sources):
                if (other := urls.setdefault(source.url, name)) != name or _twice(outlet, source, n):
                    problems.append(f"{name}: source[{n}].url: {source.url} is already a source in {other}")
    if problems:
        raise OutletsError(problems=tuple(problems))
    return tuple(outlets[slug] for slug in sorted(outlets))


def _twice(outlet: Outlet, source: Source, n: int) -> bool:
    return any(other.url == source.url for other in outlet.sources[:n])


def _told(error: ValidationError) -> list[str]:
    told = []
    for problem in error.errors(include_url=False, include_context=False):
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = f"unknown key{_suggestion(key.rpartition('.')[2], _siblings(problem['loc']))}"
        elif problem["type"] == "missing":
            message = "is missing"
        told.append(f"{key}: {message}" if key else message)
    return told


def _siblings(loc: tuple[Any, ...]) -> set[str]:
    models: dict[str, type[BaseModel]] = {"source": Source, "poll": Poll, "extraction": Extraction}
    model = models.get(str(loc[0]), Outlet) if len(loc) > 1 else Outlet
    return {field.alias or name for name, field in model.model_fields.items()}


def _suggestion(key: str, known: set[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _valid_cron(value: str | None) -> str | None:
    if value is not None and (len(value.split()) != 5 or not croniter.is_valid(value)):
        raise ValueError("a cron expression has five fields: minute, hour, day, month, weekday")
    return value


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or host == "[::1]" or bool(re.fullmatch(r"127(\.\d+){3}|::1", host))



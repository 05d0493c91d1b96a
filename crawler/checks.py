"""What a value in a configuration file must be: URL, cron expression, selector, link pattern; pure.

Each check raises ValueError that says what is wrong. Which key needs which check stands in `crawler.outlets`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from croniter import CroniterBadDateError, croniter
from cssselect import SelectorError
from lxml import etree

from crawler.patterns import repeats_within_repeat
from pipelines.errors import ParseError
from pipelines.identity import canonical_url
from pipelines.selectors import select
from pipelines.storable import first_unfit

_HOST_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
_HOST = re.compile(rf"({_HOST_NAME}|\[[0-9a-f:.]+\])(:\d{{1,5}})?")
_OWN_NETWORK = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".onion")
_RANDOM_FIELD = re.compile(r"(?<![A-Za-z])[RrHh](?![A-Za-z])")
_NO_ELEMENT = re.compile(r"(@[\w:*-]+|text\(\)|comment\(\))\s*\)?\s*$")
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of what is no text of one line; joiners and marks of direction (Cf) belong to names."""
_SAMPLE: Any = etree.fromstring(
    "<html><head><title/><meta/></head><body><main><article><h1/><p><a/><span/><time/></p></article></main>"
    "<section><div/><ul><li/></ul></section><aside/></body></html>"
)
"""A page with the common elements: predicates are not tried where nothing matches."""


def check_storable(value: object) -> None:
    """A text, or a list of such, that Postgres holds as it stands: mended, it would say something else."""
    for text in value if isinstance(value, list | tuple) else (value,):
        if isinstance(text, str) and (found := first_unfit(text)):
            raise ValueError(f"it holds {found}, which Postgres can't store")


def check_name(name: str) -> None:
    """One line that shows something, and nothing that would move a terminal's cursor."""
    unseen = next((character for character in name if unicodedata.category(character) in _UNSEEN), None)
    if unseen is not None:
        raise ValueError(f"a name is one line of text: it holds U+{ord(unseen):04X}")
    if all(unicodedata.category(character) in ("Cf", "Zs") for character in name):
        raise ValueError("a name shows something: it is blank")


def check_url(url: str) -> None:
    """An absolute http or https URL without credentials."""
    try:
        canonical_url(url)
    except ParseError as error:
        raise ValueError(error.message) from error
    if "@" in urlsplit(url).netloc:
        raise ValueError("a URL here holds no user and no password: it is shown and logged")


def check_public(url: str) -> None:
    """A URL that may be a public site's; which address its name leads to is seen when it is fetched."""
    parts = urlsplit(canonical_url(url))
    host = (parts.hostname or "").rstrip(".")
    reason = None if parts.port in (None, 80, 443) else f"port {parts.port} is not the web's"
    try:
        if not ip_address(host).is_global:
            reason = f"{host} is not a public address"
    except ValueError:
        if "." not in host or host.endswith(_OWN_NETWORK):
            reason = f"{host} is not a public name"
    if reason:
        raise ValueError(f"{reason}: only outlets with local = true may be there")


def check_host(host: str) -> None:
    """A host name or address in lower case, with a port or without."""
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no host: a name in lower case, without https:// and path")


def check_cron(expression: str) -> None:
    """Five fields that come true one day."""
    times: Any = croniter  # untyped
    if len(expression.split()) != 5 or _RANDOM_FIELD.search(expression) or not times.is_valid(expression):
        raise ValueError("a cron expression has five fields: minute, hour, day, month, weekday")
    try:
        times(expression, datetime(2024, 1, 1)).get_next()  # noqa: DTZ001 -- the local time of no place
    except CroniterBadDateError as error:
        raise ValueError("there is no such day in any year") from error


def check_link_pattern(pattern: str) -> None:
    """A regular expression whose matching ends."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if part := repeats_within_repeat(pattern):
        raise ValueError(f"{part} repeats what varies inside, which can take for ever; write it without")


def check_selector(selector: str) -> None:
    """CSS or XPath that selects elements."""
    try:
        select(_SAMPLE, selector)
    except (etree.XPathError, SelectorError) as error:
        raise ValueError(f"selector {selector!r}: {error}") from error
    if selector.startswith(("/", "(")) and _NO_ELEMENT.search(selector):
        raise ValueError(f"selector {selector!r}: it must select elements, not their text or attributes")

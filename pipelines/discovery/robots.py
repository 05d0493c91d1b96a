"""robots.txt after RFC 9309: the rules for one agent, and what they allow.

When it is fetched, and what an unreachable one means, is `crawler.politeness`' affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

BYTES_MOST = 500 << 10
"""RFC 9309 section 2.5: at least 500 KiB must be parsed; the rest is not read."""
_AGENT = re.compile(r"^[a-zA-Z_-]+")
_DIRECTIVES = {
    "user-agent": "user-agent", "useragent": "user-agent", "user agent": "user-agent",
    "disallow": "disallow", "dissallow": "disallow", "disalow": "disallow", "dissalow": "disallow",
    "allow": "allow", "crawl-delay": "crawl-delay", "crawldelay": "crawl-delay", "sitemap": "sitemap",
    "site-map": "sitemap",
}  # fmt: skip
"""Spellings met in the wild that Google's parser and crawler-commons accept, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRules:
    """The rules of the groups that name our agent, merged; of `*` where none does.

    `rules` are (allow, pattern) pairs; `crawl_delay` is in seconds.
    """

    rules: tuple[tuple[bool, str], ...] = ()
    crawl_delay: float | None = None
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """Whether the URL may be fetched: the longest matching pattern decides, allow wins a tie (section 2.2.2)."""
        parts = urlsplit(url)
        target = _normal(parts.path or "/") + (f"?{_normal(parts.query)}" if parts.query else "")
        if target == "/robots.txt":
            return True
        best, allowed = -1, True
        for allow, pattern in self.rules:
            if len(pattern) >= best and (len(pattern) > best or allow) and _matches(pattern, target):
                best, allowed = len(pattern), allow
        return allowed

    def to_json(self) -> dict[str, object]:
        return {"rules": [list(rule) for rule in self.rules], "crawl_delay": self.crawl_delay, "sitemaps": list(self.sitemaps)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(
            rules=tuple((bool(allow), str(pattern)) for allow, pattern in stored["rules"]),
            crawl_delay=stored["crawl_delay"],
            sitemaps=tuple(stored["sitemaps"]),
        )


ALLOW_ALL = RobotsRules()
DENY_ALL = RobotsRules(rules=((False, "/"),))


def parse_robots(body: bytes, *, agent: str) -> RobotsRules:
    """The rules for `agent` (a product token); what cannot be understood is passed over, as section 2.2 asks."""
    groups: dict[str, list[tuple[bool, str]]] = {}
    delays: dict[str, float] = {}
    sitemaps: list[str] = []
    agents: list[str] = []
    in_rules = False
    for line in re.split(r"\r\n|\r|\n", _decoded(body[:BYTES_MOST])):
        name, colon, value = line.partition("#")[0].partition(":")
        directive = _DIRECTIVES.get(name.strip().lower()) if colon else None
        value = value.strip()
        if directive == "user-agent":
            if in_rules:
                agents, in_rules = [], False
            token = "*" if value.startswith("*") else _product(value)
            if token:
                agents.append(token)
                groups.setdefault(token, [])
        elif directive == "sitemap":
            sitemaps.append(value)
        elif directive == "crawl-delay":
            in_rules = True
            if re.fullmatch(r"\d{1,6}(\.\d+)?", value):
                for token in agents:
                    delays.setdefault(token, float(value))
        elif directive is not None:
            in_rules = True
            if value:  # an empty Disallow allows everything
                pattern = _normal(value if value.startswith(("/", "*")) else f"/{value}")
                for token in agents:
                    groups[token].append((directive == "allow", pattern))
    mine = agent.lower() if agent.lower() in groups else "*"
    return RobotsRules(
        rules=tuple(dict.fromkeys(groups.get(mine, ()))),
        crawl_delay=delays.get(mine),
        sitemaps=tuple(dict.fromkeys(filter(None, sitemaps)))[:1_000],
    )


def _product(value: str) -> str | None:
    match = _AGENT.match(value)
    return match[0].lower() if match else None


def _decoded(body: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    return body.decode("utf-8", "replace")


def _normal(text: str) -> str:
    """Percent-encoding in one spelling, so that %7E and ~ match (section 2.2.2); %2F stays apart from /."""

    def plain(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if re.match(r"[A-Za-z0-9._~-]", character) else match[0].upper()

    decoded = re.sub(r"%([0-9A-Fa-f]{2})", plain, text)
    return quote(decoded, safe="%/:?#[]@!$&'()*+,;=~|")


def _matches(pattern: str, target: str) -> bool:
    """`*` for any run, `$` for the end; each literal is searched once, left to right: no backtracking."""
    anchored = pattern.endswith("$")
    first, *rest = (pattern[:-1] if anchored else pattern).split("*")
    if not target.startswith(first):
        return False
    at = len(first)
    if not rest:
        return not anchored or at == len(target)
    for literal in rest[:-1]:
        found = target.find(literal, at)
        if found < 0:
            return False
        at = found + len(literal)
    last = rest[-1]
    if anchored:
        return target.endswith(last) and len(target) - len(last) >= at
    return target.find(last, at) >= 0

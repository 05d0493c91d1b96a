"""robots.txt after RFC 9309: the rules for one agent, and what they allow.

When it is fetched, and what an unreachable one means, is `crawler.politeness`' affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

BYTES_MOST = 500 << 10
"""RFC 9309 section 2.5: at least 500 KiB must be parsed; the rest is not read."""
_SITEMAPS_MOST = 1_000
_URL_MOST = 2_083
_DIRECTIVES = {
    "user-agent": "user-agent", "useragent": "user-agent", "user agent": "user-agent", "useg-agent": "user-agent",
    "ser-agent": "user-agent", "users-agent": "user-agent", "user-agents": "user-agent", "user-agnet": "user-agent",
    "disallow": "disallow", "dissallow": "disallow", "disalow": "disallow", "dissalow": "disallow",
    "desallow": "disallow", "disallows": "disallow", "diallow": "disallow", "disallaw": "disallow",
    "allow": "allow", "crawl-delay": "crawl-delay", "crawldelay": "crawl-delay", "crawl delay": "crawl-delay",
    "sitemap": "sitemap", "site-map": "sitemap", "sitemaps": "sitemap",
}  # fmt: skip
"""Spellings met in the wild, after those that crawler-commons and Google's parser accept."""
_WITHOUT_COLON = re.compile(r"(user-?agent|disallow|allow|crawl-delay)\s+(\S.*)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_MARKUP = re.compile(r"<(?:html|body|pre|br|p|div)\b", re.IGNORECASE)
_DELAY = re.compile(r"\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}")
_TOKENS = re.compile("[\\w.-]+|(?<![^\\s,;])\\*(?![^\\s,;\udca0])")  # the last: a no-break space in Latin-1
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRules:
    """The rules of the groups that name our agent, merged; of `*` where none does.

    `rules` are (allow, pattern) pairs in the file's order, percent-encoded in one spelling; `crawl_delay` is in
    seconds, the longest that was asked for; `sitemaps` are absolute URLs, of whatever group.
    """

    rules: tuple[tuple[bool, str], ...] = ()
    crawl_delay: float | None = None
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """Whether the URL may be fetched: the longest matching pattern decides, allow wins a tie (section 2.2.2)."""
        try:
            parts = urlsplit(url)
            asks = "?" in url.partition("#")[0]  # a query may be empty: `Disallow: /*?` means it, too
            target = _normal(parts.path or "/") + (f"?{_normal(parts.query)}" if asks else "")
        except ValueError:  # no address, so nothing to fetch
            return False
        # In a pattern, a literal `*` or `$` is written %2A or %24 (section 2.2.3).
        target = target.replace("*", "%2A").replace("$", "%24")
        if target == "/robots.txt":
            return True
        best, allowed = -1, True
        for allow, pattern in self.rules:
            if len(pattern) >= best and (len(pattern) > best or allow) and _matches(pattern, target):
                best, allowed = len(pattern), allow
        return allowed

    def to_json(self) -> dict[str, object]:
        """Plain JSON values, for a column; `from_json` gives the same rules back."""
        return {
            "rules": [list(rule) for rule in self.rules],
            "crawl_delay": self.crawl_delay,
            "sitemaps": list(self.sitemaps),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        delay = stored["crawl_delay"]
        return cls(
            rules=tuple((bool(allow), str(pattern)) for allow, pattern in stored["rules"]),
            crawl_delay=None if delay is None else float(delay),
            sitemaps=tuple(stored["sitemaps"]),
        )


ALLOW_ALL = RobotsRules()
DENY_ALL = RobotsRules(rules=((False, "/"),))
"""What section 2.3.1.4 makes of a robots.txt that cannot be reached."""


def parse_robots(body: bytes, *, agent: str) -> RobotsRules:
    """The rules for `agent`, a product token such as `aiwire`; it never raises.

    What cannot be understood is passed over, as section 2.2 asks.
    """
    me = agent.partition("/")[0].strip().lower()
    rules: dict[str, list[tuple[bool, str]]] = {}  # of our groups and those of `*` alone: the others may be many
    delays: dict[str, float] = {}
    sitemaps: dict[str, None] = {}
    group: set[str] = set()
    asked: set[str] = set()
    last = "rule"
    for directive, value in _directives(_lines(body)):
        if directive == "user-agent":
            # Only a rule ends a list of agents: other records must not interfere (section 2.2.4). A delay is for the
            # agents right above it.
            if last == "rule":
                group = set()
            if last in ("rule", "crawl-delay"):
                asked = set()
            named = {token.lower() for token in _TOKENS.findall(re.sub(r"/\S*", "", value))} & {me, "*"}
            group |= named
            asked |= named
            for token in named:
                rules.setdefault(token, [])
            last = directive
        elif directive == "crawl-delay":
            if delay := _DELAY.match(value):
                delays.update({token: max(float(delay[0]), delays.get(token, 0.0)) for token in asked})
            last = directive if last != "rule" else last
        elif directive == "sitemap":
            if value.startswith(("http://", "https://")) and value.isprintable() and len(value) <= _URL_MOST:
                sitemaps[value] = None
        else:
            last = "rule"
            if value:  # an empty Disallow forbids nothing
                pattern = _pattern(value)
                for token in group:
                    rules[token].append((directive == "allow", pattern))
    mine = me if me in rules else "*"
    return RobotsRules(
        rules=tuple(dict.fromkeys(rules.get(mine, ()))),
        crawl_delay=delays.get(mine),
        sitemaps=tuple(sitemaps)[:_SITEMAPS_MOST],
    )


def _lines(body: bytes) -> list[str]:
    whole = len(body) <= BYTES_MOST
    text = _decoded(body[:BYTES_MOST])
    if _MARKUP.search(text):  # a robots.txt that an editor made a page of
        text = _TAG.sub("\n", text)
    lines = re.split(r"[\r\n]+", text)
    return lines if whole else lines[:-1]  # half a line, `Disallow: /` of `Disallow: /x`, would say something else


def _directives(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        content = line.partition("#")[0].strip()
        name, colon, value = content.partition(":")
        directive = _DIRECTIVES.get(" ".join(name.lower().split())) if colon else None
        if directive is None and (bare := _WITHOUT_COLON.fullmatch(content)):
            directive, value = _DIRECTIVES[bare[1].lower()], bare[2]
        if directive is not None:
            yield directive, value.strip()


def _decoded(body: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    # Bytes that are no UTF-8 are kept as they are: percent-encoded, they match the URLs of an old site.
    return body.decode("utf-8", "surrogateescape").lstrip("\ufeff")


def _pattern(value: str) -> str:
    normal = _normal(value if value.startswith(("/", "*")) else f"/{value}")
    anchor = "$" if normal.endswith("$") else ""
    return normal.removesuffix(anchor).replace("$", "%24") + anchor


def _normal(text: str) -> str:
    """Percent-encoding in one spelling, so that %7E and ~ match (section 2.2.2); %2F stays apart from /."""

    def plain(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if _UNRESERVED.match(character) else match[0].upper()

    decoded = re.sub(r"%([0-9A-Fa-f]{2})", plain, text)
    return quote(decoded, safe="%/:?#[]@!$&'()*+,;=~|", errors="surrogateescape")


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

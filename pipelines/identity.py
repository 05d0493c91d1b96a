"""What makes two addresses, claims or texts the same: canonical URLs, hosts, derived ids, fingerprints.

Which of the candidates an article is, is decided with the database at hand, in `pipelines.store.articles`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit
from uuid import UUID

import tldextract

from pipelines.errors import ParseError
from pipelines.records import Entry, Extraction

_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL_MOST = 2_083  # characters; longer ones are not addresses of articles
_TRACKING_PREFIXES = ("utm_", "mtm_", "at_medium", "at_campaign")
_TRACKING = frozenset(
    {
        "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "mc_cid",
        "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "oly_anon_id", "oly_enc_id", "vero_id", "wickedid", "cmpid",
        "xtor", "ns_campaign", "ns_mchannel", "ns_source", "wt_mc", "wt_zmc", "guccounter", "guce_referrer",
        "guce_referrer_sig", "spm", "smid", "sr_share", "sref", "traffic_source", "ftag", "ncid", "cid_rss",
        "pk_campaign", "pk_kwd", "pk_medium", "pk_source", "pk_content",
    }
)  # fmt: skip
"""Parameters that name how a reader came, never what is read (after ClearURLs and Firefox's stripping list)."""
_TRACKING_IF_FEED = frozenset({"ref", "source", "src", "from", "partner", "emc", "mod", "maca"})
"""Parameters that are dropped with a feed's name as value only: elsewhere they identify a resource."""
_FEED_VALUE = re.compile(r"(?:\w\w-)?(?:rss|feed|newsletter)(?:[_-].*)?", re.IGNORECASE)
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_WORDS = re.compile(r"\w+")
_CONTROL_OR_SPACE = "".join(map(chr, range(0x21)))
# The list of public suffixes that ships with the library, hosters' own (github.io) among them: what stands under one
# suffix is another site. Never the network, never a cache on disk.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def canonical_url(url: str, base: str | None = None) -> str:
    """The address in one spelling: absolute http(s), host in lower case, no default port, fragment or tracking.

    Nothing that may tell two resources apart is touched: parameters keep their order, the path its case and its
    trailing slash. Applied twice it gives the same (RFC 3986 section 6.2.2, without the scheme-changing parts).

    Raises ParseError with code `bad_url`, or `url_too_long`: it is the key of an index.
    """
    try:
        parts = _absolute(url.strip(_CONTROL_OR_SPACE), base)
        path = _without_dots(_percent_encoded(parts.path)) or "/"
        query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair))
        result = urlunsplit((parts.scheme, _host_and_port(parts), path, _percent_encoded(query), ""))
    except ValueError as error:
        raise ParseError(f"not a usable URL: {error}", subject=url[:200], code="bad_url") from error
    if len(result) > _URL_MOST:
        raise ParseError(f"longer than {_URL_MOST} characters", subject=url[:200], code="url_too_long")
    return result


def host_of(url: str) -> str:
    """`host`, or `host:port` where the port is not the scheme's own: the key of table host.

    Raises ParseError with code `bad_url`.
    """
    try:
        return _host_and_port(urlsplit(url))
    except ValueError as error:
        raise ParseError(f"not a usable URL: {error}", subject=url[:200], code="bad_url") from error


@lru_cache(maxsize=4_096)
def registrable_domain(host: str) -> str:
    """`ansa.it` for `www.ansa.it`; an IP address or a name without a public suffix is returned as it is, with its port."""
    name = bare_host(host)
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        found = _suffixes(name)
        if found.domain and found.suffix:
            return f"{found.domain}.{found.suffix}"
    return host.lower()


def covers(host: str, allowed: Iterable[str]) -> bool:
    """Whether the host is one of the allowed ones or a subdomain of one; `host:port` only covers that port."""
    name, bare = host.lower(), bare_host(host)
    return any(
        name == one or (":" not in one and (bare == one or bare.endswith(f".{one}"))) for one in map(str.lower, allowed)
    )


def bare_host(host: str) -> str:
    """The host without a port."""
    host = host.lower()
    return host if host.endswith("]") else re.sub(r":\d+$", "", host)


_VARIANTS = frozenset({"amp", "amp.html", "print", "stampa", "mobile"})
"""Last path segments that show the article above them in another dress."""


def trusted_canonical(fetched: str, stated: str | None) -> str | None:
    """rel=canonical in canonical form, where it can be believed; else None.

    It must stay on the site that was fetched, and not lift an article to the site's root or to a section: templates
    that give every page the same canonical would make one article of many.
    """
    if not stated:
        return None
    try:
        here, there = canonical_url(fetched), canonical_url(stated, fetched)
    except ParseError:
        return None
    mine, theirs = urlsplit(here), urlsplit(there)
    if registrable_domain(host_of(here)) != registrable_domain(host_of(there)):
        return None
    if theirs.query and theirs.query == mine.query:
        return there
    deep, stated_path = _segments(mine.path), _segments(theirs.path)
    if deep[: len(stated_path)] == stated_path:
        below = set(deep[len(stated_path) :])
        believed = bool(stated_path) and below <= _VARIANTS and (theirs.query or not mine.query or _is_slug(deep))
    else:
        believed = len(stated_path) >= len(deep) or _is_slug(stated_path)
    return there if believed else None


def article_id(outlet: str, key: str) -> UUID:
    """The id of the article first known by `key` (a canonical URL): derived, so a reinstallation gives the same.

    A version 8 UUID (RFC 9562 section 5.8) of SHA-256 over outlet and key.
    """
    digest = bytearray(hashlib.sha256(f"aiwire:article\n{outlet}\n{key}".encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(digest))


def claim_fingerprint(entry: Entry) -> bytes:
    """16 bytes over what a source says of an entry: another value means that the article may have changed."""
    said = (
        entry.title or "",
        entry.published.isoformat() if entry.published else "",
        entry.modified.isoformat() if entry.modified else "",
        entry.summary or "",
    )
    return _digest(list(map(spaced, said)))[:16]


def content_hash(extraction: Extraction) -> bytes:
    """SHA-256 over what a reader sees: equal hashes mean an unchanged article.

    Where a field was read, what was removed and how whitespace runs do not count, but for the paragraphs of the text; nor
    does the modification date alone, which some sites set to the time of the request.
    """
    title, standfirst = extraction.title, extraction.standfirst
    authors, published = extraction.authors, extraction.published
    seen = (
        title.value if title else "",
        standfirst.value if standfirst else "",
        "\x00".join(authors.value if authors else ()),
        published.value.isoformat() if published else "",
    )
    return _digest([*map(spaced, seen), paragraphs(extraction.text)])


def same_article(title: str, text: str, other_title: str, other_text: str) -> bool:
    """Whether two texts may be one article at two times: most words of the shorter are in the longer.

    A guard, not a measure of likeness: it keeps a reused guid or a wrong rel=canonical from merging two articles.
    """
    one, other = _words(f"{title} {text}"), _words(f"{other_title} {other_text}")
    fewer = min(len(one), len(other))
    return fewer == 0 or len(one & other) >= 0.6 * fewer


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3 or not word.isascii()}


_LONG_RUN = re.compile(r"([^\w\s!-~]{30})(?=[^\w\s!-~])")


def composed(text: str) -> str:
    """Letters composed (NFC), in linear time.

    Composing sorts the marks on a letter, and takes the square of their number: 80,000 on one take five seconds. So a run
    of more than 30 is parted by a grapheme joiner, as UAX #15's stream-safe format does. That is for comparing alone.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", _LONG_RUN.sub("\\1\u034f", text))


def spaced(text: str) -> str:
    """The text as a reader sees it: runs of whitespace as one space, letters composed (NFC)."""
    return " ".join(composed(text).split())


def paragraphs(text: str) -> str:
    """The text's paragraphs as a reader sees them, one a line: `spaced`, without the empty ones."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in composed(text).split("\n"))))


def _digest(parts: Sequence[str]) -> bytes:
    # The separator does not survive `spaced`, so no two lists of parts run together to the same bytes.
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()


def _absolute(url: str, base: str | None) -> SplitResult:
    parts = urlsplit(urljoin(base, url) if base else url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("not an absolute http or https URL")
    return parts


def _host_and_port(parts: SplitResult) -> str:
    """Host in lower-case ASCII, and the port where it is not the scheme's own; raises ValueError."""
    host = parts.hostname or ""
    if "\\" in parts.netloc:  # to a browser it ends the host, to others it does not
        raise ValueError("a backslash in the host")
    if ":" in host:
        if "%" in host:
            raise ValueError("an address with a zone means something on one machine only")
        name = f"[{IPv6Address(host).compressed}]"
    else:
        name = ".".join(map(_ascii_label, re.split(r"[.\u3002\uff0e\uff61]", unquote(host).rstrip("."))))
        if not _HOST_NAME.fullmatch(name):
            raise ValueError("not a host name")
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            IPv4Address(name)  # browsers read 0x7f.1 and 2130706433 as addresses, too: one spelling is enough
    return name if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{name}:{parts.port}"


def _ascii_label(label: str) -> str:
    label = label.lower()
    if label.isascii():
        return label
    if re.search(
        "[ßς]", label
    ):  # Python's codec follows IDNA 2003, to which straße.de is strasse.de: another site today
        return "xn--" + unicodedata.normalize("NFC", label).encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = unquote(name).lower()
    return (
        name in _TRACKING
        or name.startswith(_TRACKING_PREFIXES)
        or (name in _TRACKING_IF_FEED and _FEED_VALUE.fullmatch(value) is not None)
    )


def _percent_encoded(text: str) -> str:
    """Percent-encoding in one spelling: unreserved characters plain, hex digits in upper case, the rest encoded."""

    def normal(match: re.Match[str]) -> str:
        if not match[1]:  # a bare sign: left alone, it could join what follows once that is decoded
            return "%25"
        character = chr(int(match[1], 16))
        return character if re.match(r"[A-Za-z0-9._~-]", character) else match[0].upper()

    return quote(_PERCENT.sub(normal, text), safe="%/:=&?~#+!$,;'@()*[]|")


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/".join(kept)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _is_slug(segments: list[str]) -> bool:
    """Whether a path ends as an article's does, not a section's or a script's: with a number or a title's words."""
    return bool(re.search(r"\d|-.+-", segments[-1]))


def block_fingerprint(text: str) -> bytes:
    """Eight bytes that equal blocks of text share, whatever their case, spacing and punctuation."""
    return hashlib.blake2b(" ".join(_WORDS.findall(text.casefold())).encode("utf-8", "replace"), digest_size=8).digest()

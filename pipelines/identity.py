"""What makes two addresses, claims or texts the same: canonical URLs, hosts, derived ids, fingerprints.

Which of the candidates an article is, is decided with the database at hand, in `pipelines.store.articles`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit
from uuid import UUID

import tldextract

from pipelines.errors import ParseError
from pipelines.records import Entry, Extraction

_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL_MOST = 2_083  # characters; longer ones are not addresses of articles
_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "at_medium", "at_campaign")
_TRACKING = frozenset(
    {
        "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "mc_cid",
        "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "oly_anon_id", "oly_enc_id", "vero_id", "wickedid", "cmpid",
        "xtor", "ns_campaign", "ns_mchannel", "ns_source", "wt_mc", "wt_zmc", "guccounter", "guce_referrer",
        "guce_referrer_sig", "spm", "smid", "sr_share", "sref", "traffic_source", "ftag", "ncid", "cid_rss",
    }
)  # fmt: skip
"""Parameters that name how a reader came, never what is read (after ClearURLs and Firefox's stripping list)."""
_TRACKING_VALUES = {"ref": frozenset({"rss", "feed", "newsletter"}), "source": frozenset({"rss", "feed"})}
"""Parameters that are dropped with these values only: elsewhere they identify a resource."""
_UNRESERVED = re.compile(r"%([0-9A-Fa-f]{2})")
# The list of public suffixes that ships with the library; never the network, never a cache on disk.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def canonical_url(url: str, base: str | None = None) -> str:
    """The address in one spelling: absolute http(s), host in lower case, no default port, fragment or tracking.

    Nothing that may tell two resources apart is touched: parameters keep their order, the path its case and its
    trailing slash. Applied twice it gives the same (RFC 3986 section 6.2.2, without the scheme-changing parts).

    Raises ParseError with code `bad_url`.
    """
    try:
        joined = urljoin(base, url.strip()) if base else url.strip()
        parts = urlsplit(re.sub(r"[\x00-\x20\x7f]+", lambda m: "" if m[0].strip(" ") else "%20", joined))
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ParseError(f"not a URL: {error}", subject=url[:200], code="bad_url") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        raise ParseError("not an absolute http or https URL", subject=url[:200], code="bad_url")
    netloc = _host(host, url)
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc += f":{port}"
    path = _encoded(_without_dots(parts.path) or "/")
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair))
    result = urlunsplit((scheme, netloc, path, _encoded(query), ""))
    if len(result) > _URL_MOST:
        raise ParseError(f"longer than {_URL_MOST} characters", subject=url[:200], code="bad_url")
    return result


def host_of(url: str) -> str:
    """`host`, or `host:port` where the port is not the scheme's own: the key of table host."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port and parts.port != _DEFAULT_PORTS.get(parts.scheme) else host


@lru_cache(maxsize=4_096)
def registrable_domain(host: str) -> str:
    """`ansa.it` for `www.ansa.it`; an IP address (or a name without a public suffix) is returned as it is."""
    name = bare_host(host)
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        found = _suffixes(name)
        return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else name
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


def trusted_canonical(fetched: str, stated: str | None) -> str | None:
    """rel=canonical in canonical form, where it can be believed; else None.

    It must stay on the site that was fetched, and not lift an article to the site's root or to a section above it:
    templates that give every page the same canonical would make one article of many.
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
    above = theirs.path.rstrip("/")
    if not theirs.query and (not above or (mine.path.rstrip("/") + "/").startswith(above + "/")):
        return there if above == mine.path.rstrip("/") and above else None
    return there


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
    return _digest(said)[:16]


def content_hash(extraction: Extraction) -> bytes:
    """SHA-256 over what a reader sees: equal hashes mean an unchanged article.

    Where a field was read, what was removed and how whitespace runs do not count.
    """
    title, standfirst = extraction.title, extraction.standfirst
    authors, published, modified = extraction.authors, extraction.published, extraction.modified
    seen = (
        title.value if title else "",
        standfirst.value if standfirst else "",
        *(authors.value if authors else ()),
        published.value.isoformat() if published else "",
        modified.value.isoformat() if modified else "",
        extraction.text,
    )
    return _digest(seen)


def same_article(title: str, text: str, other_title: str, other_text: str) -> bool:
    """Whether two texts may be one article at two times: most words of the shorter are in the longer.

    A guard, not a measure of likeness: it keeps a reused guid or a wrong rel=canonical from merging two articles.
    """
    one, other = _words(f"{title} {text}"), _words(f"{other_title} {other_text}")
    fewer = min(len(one), len(other))
    return fewer == 0 or len(one & other) >= 0.6 * fewer


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3 or not word.isascii()}


def _digest(parts: Sequence[str]) -> bytes:
    spaced = (" ".join(part.split()) for part in parts)
    return hashlib.sha256("\x1f".join(spaced).encode("utf-8", "surrogatepass")).digest()


def _host(host: str, url: str) -> str:
    if ":" in host:
        return f"[{host.lower()}]"
    name = unquote(host).rstrip(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ParseError(f"not a host name: {error}", subject=url[:200], code="bad_url") from error


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = unquote(name).lower()
    return (
        name in _TRACKING or name.startswith(_TRACKING_PREFIXES) or value.lower() in _TRACKING_VALUES.get(name, frozenset())
    )


def _encoded(text: str) -> str:
    """Percent-encoding in one spelling: unreserved characters plain, hex digits in upper case, the rest encoded."""

    def normal(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if re.match(r"[A-Za-z0-9._~-]", character) else match[0].upper()

    return quote(_UNRESERVED.sub(normal, text), safe="%/:=&?~#+!$,;'@()*[]|")


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
    tail = "/" if path.endswith(("/.", "/..")) and kept[-1:] != [""] else ""
    return "/".join(kept) + tail

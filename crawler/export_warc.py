"""Raw pages as WARC/1.1 records (ISO 28500:2017), each whole by itself.

Which pages, in which order and where to is `crawler.export_pieces`' affair.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC
from http import HTTPStatus
from io import BytesIO
from urllib.parse import quote

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipelines.records import Page

_SPECIFICATION = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_TRANSPORT = frozenset({"content-encoding", "transfer-encoding", "content-length"})
"""What these say is of the bytes as they travelled; the body is kept with all that undone."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A page, and the digest of its bytes as they were captured."""

    page: Page
    sha256: bytes


def info(software: str, contact: str | None, filename: str, *, gzip: bool) -> bytes:
    """The record that a file begins with: what wrote it, whom to ask, and the format."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=gzip, warc_version="1.1")
    fields = {
        "software": software,
        "format": "WARC File Format 1.1",
        "conformsTo": _SPECIFICATION,
        "operator": contact or "",
    }
    writer.write_record(writer.create_warcinfo_record(_BREAKS.sub(" ", filename), fields))
    return out.getvalue()


def response(record: Record, *, gzip: bool) -> bytes:
    """A page as a `response` record; the same page has the same WARC-Record-ID in every export.

    The status line is HTTP/1.1's whatever version was spoken: that is not kept.
    """
    page = record.page
    at = f"{page.fetched_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{page.url} {at} {record.sha256.hex()}")
    out = BytesIO()
    writer = WARCWriter(out, gzip=gzip, warc_version="1.1")
    made = writer.create_warc_record(
        quote(page.url, safe="%/:=&?~#+!$,;'@()*[]"),
        "response",
        payload=BytesIO(page.body),
        length=len(page.body),
        warc_headers_dict={"WARC-Record-ID": f"<urn:uuid:{identity}>", "WARC-Date": at},
        http_headers=StatusAndHeaders(_status(page.status), _headers(page), protocol="HTTP/1.1"),
    )
    writer.write_record(made)
    return out.getvalue()


def _headers(page: Page) -> list[tuple[str, str]]:
    kept = []
    for name, value in page.headers:
        if _NAME.fullmatch(name):
            told = f"X-Archive-Orig-{name}" if name.lower() in _TRANSPORT else name
            kept.append((told, _ascii(_BREAKS.sub(" ", value))))
    return [*kept, ("Content-Length", str(len(page.body)))]


def _ascii(value: str) -> str:
    """What lies beyond ASCII as %XX: warcio takes it for an extended parameter, and fails at some."""
    return "".join(c if c.isascii() else quote(c) for c in value)


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} "

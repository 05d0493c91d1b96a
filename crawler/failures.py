"""What went wrong with a request, in our words: Scrapy's and Twisted's exceptions become FetchErrors.

What follows from one (a retry, a hold, a disposition) is decided in `crawler.visit`.
"""

from __future__ import annotations

from scrapy import exceptions

from pipelines.errors import FetchError, Permanent, Transient

HOST_AWAY = frozenset({"dns_failed", "connection_refused", "robots_unavailable", "on_hold", "http_429", "http_503"})
"""Codes that speak of the host, not of one page: nothing more is asked of it for a while."""

_UNREACHABLE: tuple[tuple[type[BaseException], str, str], ...] = (
    (exceptions.CannotResolveHostError, "dns_failed", "its name can't be resolved (no network, or no such host)"),
    (exceptions.DownloadConnectionRefusedError, "connection_refused", "the connection was refused"),
    (exceptions.DownloadTimeoutError, "timeout", "it did not answer in time"),
    (exceptions.ResponseDataLossError, "truncated", "the answer broke off"),
    (exceptions.DownloadFailedError, "download_failed", "the connection failed"),
    (OSError, "download_failed", "the connection failed"),
)


def translated(error: Exception, url: str) -> FetchError:
    """The exception of a download as one of ours; those that already are pass through."""
    if isinstance(error, FetchError):
        return error
    for kind, code, words in _UNREACHABLE:
        if isinstance(error, kind):
            detail = f": {error}" if code == "download_failed" and str(error) else ""
            return Transient(f"{words}{detail}", subject=url, code=code)
    if isinstance(error, exceptions.DownloadCancelledError):
        return Permanent("the answer is larger than max_body_mb", subject=url, code="too_large")
    if isinstance(error, exceptions.IgnoreRequest):
        return Permanent(str(error) or "the request was dropped", subject=url, code="dropped")
    return Transient(f"{type(error).__name__}: {error}", subject=url, code="download_failed")

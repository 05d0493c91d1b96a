"""How an outlet of the newsroom misbehaves on command, for a number of requests or until it is calmed.

A restarted newsroom is calm. What its outlets show otherwise is `crawler.newsroom.pages`' affair.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

MODES = {
    "500": "answers 500",
    "503": "answers 503 with Retry-After: 2",
    "429": "answers 429 with Retry-After: 2",
    "404": "answers 404",
    "slow": "answers after 3 s",
    "hang": "takes requests and never answers",
    "reset": "resets the connection",
    "garbage-feed": "its sources answer with bytes that are no XML",
    "html-for-feed": "its sources answer with a web page",
    "empty-listing": "its sources answer with a page that links to no article",
    "robots-500": "robots.txt answers 500",
    "killer-page": "its articles are 400,000 unclosed elements, which libxml2 nests and a parser needs seconds and much memory for",
    "deep-page": "its articles are 100,000 nested divs",
}
_SOURCES_ONLY = ("garbage-feed", "html-for-feed", "empty-listing")
_ARTICLES_ONLY = ("killer-page", "deep-page")
_SLOW = 3.0  # seconds
_SOURCE_BODIES = {
    "garbage-feed": "\x00\x01<rss><item>",
    "html-for-feed": "<!doctype html><html><body><h1>We have moved</h1><p>Our feed is being rebuilt.</p></body></html>",
    "empty-listing": "<html><body><a href='/prodotti/uno-due-tre-quattro'>Uno</a></body></html>",
}


@dataclass(slots=True)
class Misbehaviour:
    """One outlet's; `left` requests that it still concerns."""

    mode: str
    left: int

    def concerns(self, path: str, *, is_source: bool) -> bool:
        if self.left <= 0:
            return False
        if self.mode == "robots-500":
            return path == "/robots.txt"
        if path == "/robots.txt":  # else a crawler would rightly stop there, and never see the rest
            return False
        if self.mode in _SOURCES_ONLY:
            return is_source
        return self.mode not in _ARTICLES_ONLY or not is_source

    async def answer(self, request: web.Request) -> web.StreamResponse | None:
        """What to answer; None: what would have been answered anyway."""
        self.left -= 1
        match self.mode:
            case "500" | "503" | "429" | "404" as status:
                headers = {"Retry-After": "2"} if status in ("503", "429") else {}
                return web.Response(
                    status=int(status), text=f"<h1>{status}</h1>", content_type="text/html", headers=headers
                )
            case "robots-500":
                return web.Response(status=500, text="")
            case "slow":
                await asyncio.sleep(_SLOW)
                return None
            case "hang":
                await asyncio.Event().wait()
                return None
            case "reset":
                _reset(request)
                return web.Response(status=500)
            case "killer-page":
                return web.Response(body=_killer_page(), content_type="text/html")
            case "deep-page":
                return web.Response(body=_deep_page(), content_type="text/html")
            case mode:
                return web.Response(text=_SOURCE_BODIES[mode], content_type="text/html")

    @property
    def answers_nothing(self) -> bool:
        return self.mode in ("hang", "reset")


def _reset(request: web.Request) -> None:
    """Close with RST instead of FIN: a linger of zero seconds."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


@lru_cache(maxsize=1)
def _killer_page() -> bytes:
    return b"<html><body>" + b"<p><b>a</p>" * 400_000


@lru_cache(maxsize=1)
def _deep_page() -> bytes:
    return b"<html><body>" + b"<div>" * 100_000 + b"<p>Still here.</p>" + b"</div>" * 100_000 + b"</body></html>"

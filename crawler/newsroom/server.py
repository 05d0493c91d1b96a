"""The newsroom's HTTP servers: one port an outlet, one for control; validators, gzip, robots.txt, misbehaviour on command.

What is shown comes from `crawler.newsroom.state`; how it looks, from `pages` and `feeds`.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from crawler.newsroom import feeds, pages
from crawler.newsroom.articles import SITES, all_articles
from crawler.newsroom.state import State

CONTROL = "control"
MODES = ("500", "503", "429", "404", "slow", "hang", "reset", "garbage-feed", "empty-listing", "html-for-feed", "killer-page")
_ROBOTS = "User-agent: *\nDisallow: /redazione/\nCrawl-delay: 0\n"


class Newsroom:
    """All servers of one newsroom; `serve()` runs until it is cancelled."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._log = (state.folder / "requests.jsonl").open("a", encoding="utf-8")
        self._misbehaving: dict[str, list[Any]] = {}
        self._new_outlet: Callable[[str], Any] | None = None

    async def serve(self, announce: Callable[[dict[str, str]], None]) -> None:
        """Open every port, tell the addresses, and serve. Raises OSError naming a kept port that is taken."""
        runners = []

        async def open_port(slug: str) -> None:
            application = web.Application()
            if slug == CONTROL:
                application.router.add_post("/", self._command)
                application.router.add_get("/requests", self._requests)
            else:
                application.router.add_route("GET", "/{path:.*}", self._outlet(slug))
            runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
            await runner.setup()
            listener = _listener(slug, self._state.ports.get(slug, 0))
            self._state.ports[slug] = listener.getsockname()[1]
            await web.SockSite(runner, listener).start()
            runners.append(runner)

        self._new_outlet = open_port
        for slug in (*SITES, CONTROL, *self._state.folders):
            await open_port(slug)
        self._state.save()
        announce({slug: self._base(slug) for slug in self._state.ports})
        try:
            await asyncio.Event().wait()
        finally:
            for runner in runners:
                await runner.cleanup()

    def _base(self, slug: str) -> str:
        return f"http://127.0.0.1:{self._state.ports[slug]}"

    # -- outlets ---------------------------------------------------------------------------------------------------

    def _outlet(self, slug: str) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = await self._misbehave(slug, request) or self._page(slug, request)
            conditional = request.headers.get("If-None-Match") or request.headers.get("If-Modified-Since")
            self._note(slug, request, response.status, bool(conditional))
            return response

        return answer

    def _page(self, slug: str, request: web.Request) -> web.Response:
        path = request.path
        if path == "/robots.txt":
            return web.Response(text=_ROBOTS, content_type="text/plain")
        if slug in self._state.folders:
            return self._foreign(slug, request)
        found = self._article(slug, request) or self._index(slug, request)
        return found or web.Response(status=404, text="<h1>404</h1>", content_type="text/html")

    def _article(self, slug: str, request: web.Request) -> web.Response | None:
        path = request.path.removeprefix("/amp")
        shown = self._state.articles(slug)
        for key in self._state.published:
            if not key.startswith(f"{slug}/"):
                continue
            article = self._state.article(key)
            if key in self._state.renamed and path == all_articles()[key].path:
                raise web.HTTPMovedPermanently(self._base(slug) + article.path)
            if article.path != path:
                continue
            if key in self._state.withdrawn:
                return web.Response(status=410, text="<h1>410 Gone</h1>", content_type="text/html")
            changed = self._state.changed_at(key)
            others = [other for other in shown if other.slug != article.slug]
            # Related links come and go with every publication; the page's validator speaks of the article alone.
            fixed = sorted(others, key=lambda other: other.slug)[:4]
            text = pages.article_page(article, self._base(slug), fixed, changed)
            return _conditional(request, text.encode(), "text/html", changed, tag=f"{article.title}{article.text}{article.slug}")
        return None

    def _index(self, slug: str, request: web.Request) -> web.Response | None:
        shown, site, base = self._state.articles(slug), SITES[slug], self._base(slug)
        keys = {article.slug: key for key in self._state.published for article in [self._state.article(key)] if key.startswith(f"{slug}/")}
        rows = [(f"{slug}:{keys[a.slug].partition('/')[2]}", a, self._state.changed_at(keys[a.slug])) for a in shown]
        newest = max((changed for _, _, changed in rows), default=datetime.now(UTC))
        bodies: dict[str, tuple[str, str]] = {"/": (pages.front_page(slug, shown), "text/html")}
        if slug == "gazzetta-ia":
            for section in ("tecnologia", "mondo"):
                bodies[f"/altro/{section}"] = (pages.listing_page(slug, section, shown), "text/html")
        elif slug == "chipwire":
            bodies["/feed.xml"] = (feeds.rss(site.name, base, rows), "application/rss+xml")
        else:
            bodies["/atom.xml"] = (feeds.atom(site.name, base, rows), "application/atom+xml")
            bodies["/news-sitemap.xml"] = (feeds.news_sitemap(site.name, site.language, base, rows), "application/xml")
        if request.path not in bodies:
            return None
        text, kind = bodies[request.path]
        return _conditional(request, text.encode(), kind, newest)

    def _foreign(self, slug: str, request: web.Request) -> web.Response:
        """Pages that a test brings along, with a feed that announces them; their bytes are served as they are."""
        listed = json.loads(Path(self._state.folders[slug]).read_text(encoding="utf-8"))
        if request.path == "/feed.xml":
            entries = "".join(
                f"<item><title>{pages.escape(page['title'])}</title><link>{self._base(slug)}{pages.escape(page['path'])}</link></item>" for page in listed
            )
            body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{slug}</title>{entries}</channel></rss>'
            return _conditional(request, body.encode(), "application/rss+xml", datetime(2026, 1, 1, tzinfo=UTC))
        for page in listed:
            if page["path"] == request.path:
                body = Path(page["file"]).read_bytes()
                body = gzip.decompress(body) if page["file"].endswith(".gz") else body
                return _conditional(request, body, "text/html", datetime(2026, 1, 1, tzinfo=UTC), charset=None)
        return web.Response(status=404, text="404")

    # -- misbehaviour ----------------------------------------------------------------------------------------------

    async def _misbehave(self, slug: str, request: web.Request) -> web.StreamResponse | None:
        mode, left = self._misbehaving.get(slug, (None, 0))
        if mode is None or left == 0 or request.path == "/robots.txt":
            return None
        is_source = request.path in [path for _, path in SITES[slug].sources] if slug in SITES else request.path == "/feed.xml"
        if mode in ("garbage-feed", "html-for-feed", "empty-listing") and not is_source or mode == "killer-page" and is_source:
            return None
        self._misbehaving[slug] = [mode, left - 1]
        if mode.isdigit():
            headers = {"Retry-After": "2"} if mode in ("429", "503") else {}
            return web.Response(status=int(mode), text=mode, headers=headers)
        if mode in ("slow", "hang"):
            await asyncio.sleep(3 if mode == "slow" else 3_600)
            return None
        if mode == "reset":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if mode == "killer-page":
            return web.Response(text="<html><body>" + "<p><b>a</p>" * 400_000, content_type="text/html")
        body = {"garbage-feed": "\x00\x01<rss><item>", "html-for-feed": "<!doctype html><html><body>Hi</body></html>", "empty-listing": "<html><body><a href='/prodotti/uno-due-tre-quattro'>Uno</a></body></html>"}[mode]
        return web.Response(text=body, content_type="text/html")

    # -- control ---------------------------------------------------------------------------------------------------

    async def _command(self, request: web.Request) -> web.Response:
        """`{"do": "publish", "article": "outlet/slug"}` and the like; an unknown one is a 400 that says so."""
        order = await request.json()
        try:
            match order:
                case {"do": "publish" | "edit" | "withdraw" as verb, "article": str(key)}:
                    getattr(self._state, verb)(key)
                case {"do": "rename", "article": str(key), "slug": str(slug)}:
                    self._state.rename(key, slug)
                case {"do": "misbehave", "outlet": str(slug), "mode": str(mode), "count": int(count)} if mode in MODES:
                    self._misbehaving[slug] = [mode, count]
                case {"do": "calm", "outlet": str(slug)}:
                    self._misbehaving.pop(slug, None)
                case {"do": "add_outlet", "slug": str(slug), "pages": str(file)}:
                    self._state.folders[slug] = file
                    if self._new_outlet is not None:
                        await self._new_outlet(slug)
                case _:
                    raise ValueError(f"no such command: {order}")
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._state.save()
        return web.json_response({"ports": self._state.ports})

    async def _requests(self, request: web.Request) -> web.Response:
        self._log.flush()
        lines = (self._state.folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()
        return web.json_response([json.loads(line) for line in lines[int(request.query.get("since", 0)) :]])

    def _note(self, slug: str, request: web.Request, status: int, conditional: bool) -> None:
        row = {
            "at": datetime.now(UTC).isoformat(),
            "outlet": slug,
            "path": request.path_qs,
            "status": status,
            "conditional": conditional,
            "agent": request.headers.get("User-Agent", ""),
        }
        self._log.write(json.dumps(row) + "\n")
        self._log.flush()


def _conditional(
    request: web.Request, body: bytes, kind: str, changed: datetime, *, tag: str | None = None, charset: str | None = "utf-8"
) -> web.Response:
    """The body, or 304 where a validator matches (RFC 9110 section 13.2.2); gzip where it is accepted."""
    etag = f'"{hashlib.sha256((tag or "").encode() or body).hexdigest()[:20]}"'
    headers = {"ETag": etag, "Last-Modified": format_datetime(changed.replace(microsecond=0).astimezone(UTC), usegmt=True)}
    if (wanted := request.headers.get("If-None-Match")) is not None:
        fresh = wanted == etag
    elif since := request.headers.get("If-Modified-Since"):
        fresh = changed.replace(microsecond=0) <= parsedate_to_datetime(since)
    else:
        fresh = False
    if fresh:
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, mtime=0)
    return web.Response(body=body, headers={**headers, "Content-Type": f"{kind}; charset={charset}" if charset else kind})


def _listener(slug: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise OSError(f"port {port}, which the newsroom keeps for {slug}, is taken: stop what uses it, or remove its folder") from error
    return listener

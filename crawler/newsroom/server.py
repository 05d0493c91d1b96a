"""The newsroom's HTTP servers on 127.0.0.1: one port an outlet, one for control; each request is noted before it is answered.

What is shown comes from `crawler.newsroom.pages` and `foreign`; commands are `crawler.newsroom.control`'s affair.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from crawler.newsroom import foreign, pages
from crawler.newsroom.answers import answer
from crawler.newsroom.articles import SITES
from crawler.newsroom.control import CONTROL, Control
from crawler.newsroom.misbehaviour import Misbehaviour
from crawler.newsroom.request_log import Asked, RequestLog
from crawler.newsroom.state import State

_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: one of these could hold a kept port when we come back."""


class Newsroom:
    """All servers of one newsroom."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._log = RequestLog(state.folder)
        self._misbehaving: dict[str, Misbehaviour] = {}
        self._runners: list[web.AppRunner] = []

    async def serve(self, announce: Callable[[dict[str, str]], None], until: asyncio.Event) -> None:
        """Open every port, tell the addresses by slug, and serve `until`. Raises OSError naming a kept port that is taken."""
        control = Control(self._state, self._log, self._misbehaving, self._open_outlet)
        try:
            for slug in (*SITES, *self._state.folders):
                await self._open_outlet(slug)
            await self._open(CONTROL, control.application())
            self._state.save()
            announce({slug: self._base(slug) for slug in self._state.ports})
            await until.wait()
        finally:
            for runner in self._runners:
                await runner.cleanup()
            self._log.close()

    async def _open_outlet(self, slug: str) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handler(slug))
        await self._open(slug, application)

    async def _open(self, slug: str, application: web.Application) -> None:
        # A client that hangs on misbehaviour is not waited for at the end.
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        listener = _listener(slug, self._state.ports.get(slug))
        self._state.ports[slug] = listener.getsockname()[1]
        await web.SockSite(runner, listener).start()

    def _base(self, slug: str) -> str:
        return f"http://127.0.0.1:{self._state.ports[slug]}"

    def _handler(self, slug: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            misbehaviour = self._misbehaving.get(slug)
            response: web.StreamResponse | None = None
            if misbehaviour and misbehaviour.concerns(request.path, is_source=self._is_source(slug, request.path)):
                if misbehaviour.answers_nothing:
                    self._note(slug, request, None)
                    return await misbehaviour.answer(request) or web.Response()
                try:
                    response = await misbehaviour.answer(request)
                except asyncio.CancelledError:  # it did not wait
                    self._note(slug, request, None)
                    raise
            if response is None:
                response = self._answer(slug, request)
            self._note(slug, request, response)
            return response

        return handle

    def _answer(self, slug: str, request: web.Request) -> web.Response:
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        if slug in SITES:
            return self._own(slug, request)
        if request.path == "/robots.txt":
            return answer(request, b"User-agent: *\nDisallow:\n", "text/plain; charset=utf-8", foreign.CHANGED)
        file = self._state.folder / self._state.folders[slug]
        found = foreign.look_up(file, slug, self._base(slug), request.path_qs)
        if found is None:
            return _not_found()
        body, content_type, status = found
        if status != HTTPStatus.OK:
            return web.Response(status=status, body=body, content_type=content_type)
        return answer(request, body, content_type, foreign.CHANGED)

    def _own(self, slug: str, request: web.Request) -> web.Response:
        match pages.look_up(self._state, slug, self._base(slug), request.path):
            case pages.Shown(body=body, content_type=content_type, changed=changed):
                return answer(request, body, content_type, changed)
            case pages.Moved(path):
                return web.Response(status=301, headers={"Location": self._base(slug) + path})
            case pages.Gone():
                return web.Response(status=410, text="<h1>410 Gone</h1>", content_type="text/html")
        return _not_found()

    def _is_source(self, slug: str, path: str) -> bool:
        return path in ([path for _, path in SITES[slug].sources] if slug in SITES else [foreign.FEED])

    def _note(self, slug: str, request: web.Request, response: web.StreamResponse | None) -> None:
        body = response.body if isinstance(response, web.Response) and request.method != "HEAD" else None
        self._log.note(
            Asked(
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                outlet=slug,
                method=request.method,
                path=request.path_qs,
                status=response.status if response else 0,
                bytes=len(body) if isinstance(body, bytes | bytearray) else 0,
                if_none_match=request.headers.get("If-None-Match"),
                if_modified_since=request.headers.get("If-Modified-Since"),
                agent=request.headers.get("User-Agent", ""),
            )
        )


def _not_found() -> web.Response:
    return web.Response(status=404, text="<h1>404 Not Found</h1>", content_type="text/html")


def _listener(slug: str, kept: int | None) -> socket.socket:
    ports = [kept] if kept else random.sample(_PORTS, 50)
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A port whose last connections still linger can be had again at once; one that is listened on can't.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            listener.close()
        else:
            return listener
    if kept:
        raise OSError(
            f"port {kept}, which the newsroom keeps for {slug}, is taken: stop what uses it, or remove its folder"
        )
    raise OSError(f"no port for {slug}: tried fifty between {_PORTS.start} and {_PORTS.stop}")

"""The newsroom's control: commands as JSON posted to a port of its own, and its request log.

    POST /          {"do": "publish" | "edit" | "withdraw", "article": "outlet/slug"}
                    {"do": "rename", "article": "outlet/slug", "slug": "new-slug"}
                    {"do": "misbehave", "outlet": "slug", "mode": a key of misbehaviour.MODES, "count": 3}
                    {"do": "calm", "outlet": "slug"}
                    {"do": "add_outlet", "slug": "slug", "language": "en", "pages": [{"path", "file" or "body", "title", "published", "status"}]}
    GET /requests?since=0

What a command makes no sense of is a 400 with `{"error": "..."}`. Opening an added outlet's port is the server's part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from crawler.newsroom.articles import SITES
from crawler.newsroom.foreign import keep_pages
from crawler.newsroom.misbehaviour import MODES, Misbehaviour
from crawler.newsroom.request_log import RequestLog
from crawler.newsroom.state import State

CONTROL = "control"
_ORDER_MOST = 64 * 1024**2  # bytes: added outlets may bring whole pages along
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Control:
    """Carries commands out on the state, which it saves after each."""

    def __init__(
        self,
        state: State,
        log: RequestLog,
        misbehaving: dict[str, Misbehaviour],
        open_outlet: Callable[[str], Awaitable[None]],
    ) -> None:
        self._state = state
        self._log = log
        self._misbehaving = misbehaving
        self._open_outlet = open_outlet

    def application(self) -> web.Application:
        application = web.Application(client_max_size=_ORDER_MOST, middlewares=[_local_only])
        application.router.add_post("/", self._command)
        application.router.add_get("/requests", self._requests)
        return application

    async def _command(self, request: web.Request) -> web.Response:
        try:
            order = await request.json()
            await self._carry_out(order)
        except ValueError as error:  # JSON that can't be read is one, too
            return web.json_response({"error": str(error)}, status=400)
        self._state.save()
        return web.json_response({"ports": self._state.ports})

    async def _carry_out(self, order: dict[str, Any]) -> None:
        match order:
            case {"do": "publish", "article": str(key)}:
                self._state.publish(key)
            case {"do": "edit", "article": str(key)}:
                self._state.edit(key)
            case {"do": "withdraw", "article": str(key)}:
                self._state.withdraw(key)
            case {"do": "rename", "article": str(key), "slug": str(slug)}:
                self._state.rename(key, slug)
            case {"do": "misbehave", "outlet": str(outlet), "mode": str(mode), "count": int(count)}:
                if mode not in MODES:
                    raise ValueError(f"no such mode: {mode!r}; there are {', '.join(MODES)}")
                self._misbehaving[self._known(outlet)] = Misbehaviour(mode, count)
            case {"do": "calm", "outlet": str(outlet)}:
                self._misbehaving.pop(self._known(outlet), None)
            case {"do": "add_outlet", "slug": str(slug), "language": str(language), "pages": list(pages)}:
                await self._add_outlet(slug, language, pages)
            case _:
                raise ValueError(f"no such command: {json.dumps(order)[:200]}")

    async def _add_outlet(self, slug: str, language: str, pages: list[dict[str, Any]]) -> None:
        if slug in SITES or slug == CONTROL or not _SLUG.fullmatch(slug):
            raise ValueError(f"{slug!r} is no slug for another outlet")
        file = self._state.folder / f"pages-{slug}.json"
        keep_pages(file, language, pages)
        if slug not in self._state.folders:
            self._state.folders[slug] = file.name
            await self._open_outlet(slug)

    def _known(self, outlet: str) -> str:
        if outlet not in SITES and outlet not in self._state.folders:
            raise ValueError(f"no such outlet: {outlet!r}; there are {', '.join((*SITES, *self._state.folders))}")
        return outlet

    async def _requests(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdigit():
            return web.json_response({"error": f"since is a number: {since!r}"}, status=400)
        return web.json_response(self._log.since(int(since)))


@web.middleware
async def _local_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Commands can make it serve any file of its user: no web page may give them from a browser on this machine.

    A page elsewhere can post no JSON without asking first, and a name made to point here shows in Host.
    """
    if not request.host.startswith("127.0.0.1:"):
        raise web.HTTPForbidden(text="control is only for 127.0.0.1")
    if request.method == "POST" and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="commands are application/json")
    return await handler(request)

"""A Sentry of our own on loopback: keeps every envelope's parts as they arrive, and can withhold its answers.

It knows the protocol's framing alone; what the parts must hold is the tests' affair.
"""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import brotli

_DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "": bytes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of an envelope: its type (event, check_in, session, client_report, …) and its JSON."""

    type: str
    payload: dict[str, Any]
    raw: str
    """The whole envelope as text, in which a secret can be looked for."""


class EnvelopeSink:
    """`with EnvelopeSink() as sink:` then `sink.dsn`, and `sink.parts("event")` once the sender has ended."""

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.answering.set()
        self.asked = threading.Event()
        self._parts: list[Part] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def dsn(self) -> str:
        return f"http://publickey@127.0.0.1:{self._server.server_port}/1"

    def parts(self, kind: str) -> list[Part]:
        return [part for part in self._parts if part.type == kind]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answering.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink._parts.extend(parse_envelope(_DECODERS[self.headers.get("Content-Encoding", "")](body)))
                sink.asked.set()
                sink.answering.wait()
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def parse_envelope(body: bytes) -> list[Part]:
    """The parts of an envelope: a line of headers, then for each part its header line and its payload."""
    _, _, rest = body.partition(b"\n")
    parts = []
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        header = json.loads(line)
        length = header.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
        parts.append(Part(type=header["type"], payload=json.loads(payload), raw=body.decode("utf-8", "replace")))
    return parts

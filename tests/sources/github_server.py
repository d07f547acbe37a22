"""A GitHub that answers what a test tells it to, and remembers who asked with what."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import parse_qs, urlsplit

from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.gate import AskedWait, Gate
from dockcache_tui.sources.github.place import GitHubPlace
from dockcache_tui.sources.secret import Secret

TOKEN = "ghp_T0psecretT0psecretT0psecretT0psecret"
LIMITS = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "2000000000"}


@dataclass(frozen=True)
class Reply:
    """One answer; `cut` says how many bytes of the body are left out although they were announced."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    delay: float = 0

    @property
    def content(self) -> bytes:
        """Return the bytes of the body."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


Answering = Callable[[Asked], Reply]


@dataclass
class FakeGitHub:
    """A server on this machine; its requests, oldest first."""

    address: str
    asked: list[Asked]

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [one.path for one in self.asked]


@contextmanager
def serving(answer: Answering) -> Iterator[FakeGitHub]:
    """Serve while the block runs; what hangs is woken at its end."""
    asked: list[Asked] = []
    lock, over = Lock(), Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            one = Asked(self.command, parts.path, query, {name.lower(): value for name, value in self.headers.items()})
            with lock:
                asked.append(one)
            self._send(answer(one))

        do_DELETE = do_GET  # noqa: N815
        do_POST = do_GET  # noqa: N815

        def _send(self, reply: Reply) -> None:
            if over.wait(reply.delay):
                self.close_connection = True
                return
            content = reply.content
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **LIMITS, **reply.headers}.items():
                self.send_header(name, value)
            if reply.status not in {204, 304}:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - reply.cut])
            self.close_connection = bool(reply.cut)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield FakeGitHub(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def api_of(
    address: str,
    token: str | None = TOKEN,
    *,
    patience: float = 1.0,
    on_wait: Callable[[AskedWait], None] | None = None,
    timeout: tuple[float, float] = (10.0, 20.0),
    log: CommandLog | None = None,
) -> Api:
    """Return what speaks to a server, with little patience."""
    gate = Gate(patience, on_wait)
    return Api(GitHubPlace(address, "127.0.0.1"), Secret(token) if token else None, gate, log or CommandLog(), timeout)


def cache_json(number: int, key: str = "", ref: str = "refs/heads/main") -> dict[str, object]:
    """Return a cache as GitHub's schema has it; higher numbers were created later."""
    at = f"2026-11-{1 + number // 1440 % 28:02}T{number // 60 % 24:02}:{number % 60:02}:00.123456700Z"
    return {
        "id": number,
        "ref": ref,
        "key": key or f"key-{number}",
        "version": "v",
        "created_at": at,
        "last_accessed_at": at,
        "size_in_bytes": 10,
    }


def page_of(asked: Asked, address: str, rows: list[dict[str, object]]) -> Reply:
    """Return one page of a list of caches with GitHub's Link header."""
    number, size = int(asked.query.get("page", "1")), int(asked.query["per_page"])
    last = max(1, -(-len(rows) // size))
    url = f"{address}{asked.path}?per_page={size}&sort=created_at&direction=desc&page="
    links = [f'<{url}{number + 1}>; rel="next"', f'<{url}{last}>; rel="last"'] if number < last else []
    shown = rows[(number - 1) * size : number * size]
    return Reply(
        {"total_count": len(rows), "actions_caches": shown}, headers={"link": ", ".join(links)} if links else {}
    )

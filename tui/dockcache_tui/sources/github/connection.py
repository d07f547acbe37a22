"""Connections to whichever of a host's addresses answers, and the bodies that come back, within bounds."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from io import BytesIO
from time import monotonic
from typing import Any, TypeVar

import requests
from cachecontrol.cache import DictCache
from cachecontrol.controller import CacheController
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError
from urllib3.util.connection import allowed_gai_family

from dockcache_tui.sources.ending import Ended, awaited, cut_by
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.side_by_side import SideBySide

T = TypeVar("T")
_USUAL, _LEAST = 4.0, 0.1
"""Seconds where none are given, and those that are left after the slowest lookup."""
LONGEST = 32 * 1024 * 1024


class _Plain(HTTPConnection):
    """A connection whose wait ends when the waiting work is told to end; connecting goes on unseen for its time."""

    def connect(self) -> None:
        with _time_shared(self):
            connecting = _beside(super().connect, "connect")
            try:
                awaited(connecting)
            except Ended:
                connecting.add_done_callback(lambda _: self.close())
                raise

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 has it
        with cut_by(lambda: self.sock and self.sock.shutdown(socket.SHUT_RDWR)):
            return super().getresponse()


class _Safe(_Plain, HTTPSConnection):
    """The same with TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _Safe


_POOLS = {"http": _PlainPool, "https": _SafePool}


class Adapter(HTTPAdapter):
    """Sends as requests does, over such connections."""

    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        """Use our connections."""
        super().init_poolmanager(*words, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> ProxyManager:
        """Use our connections to proxies too, but for those of SOCKS, which have their own."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **options)
        if isinstance(manager, ProxyManager):
            manager.pool_classes_by_scheme = _POOLS
        return manager


def session(adapter: Adapter) -> requests.Session:
    """Return a session that sends everything over an adapter."""
    made = requests.Session()
    for scheme in ("https://", "http://"):
        made.mount(scheme, adapter)
    return made


@contextmanager
def _time_shared(to: HTTPConnection) -> Iterator[None]:
    """Give each of a host's addresses its share of the time that the lookup leaves; raises urllib3's errors."""
    given = to.timeout
    patience = given if isinstance(given, int | float) else _USUAL
    began = monotonic()
    addresses = _looked_up(to, patience)
    to.timeout = max(_LEAST, patience - (monotonic() - began)) / len(addresses)
    try:
        yield
    finally:
        to.timeout = given


def _looked_up(to: HTTPConnection, patience: float) -> set[str]:
    """Return the addresses of a host; in a thread, as neither a signal nor a deadline ends the system's lookup."""
    family = allowed_gai_family()
    host = to.host.strip("[]")
    future = _beside(lambda: socket.getaddrinfo(host, to.port, family, socket.SOCK_STREAM), "lookup")
    try:
        found = awaited(future, patience)
    except socket.gaierror as error:
        problem = error
    except TimeoutError:
        problem = socket.gaierror(socket.EAI_AGAIN, "the name server did not answer in time")
    except UnicodeError:
        problem = socket.gaierror(socket.EAI_NONAME, "that is not a host's name")
    else:
        return {str(address[0]) for *_, address in found}
    raise NameResolutionError(to.host, to, problem) from problem


def _beside(work: Callable[[], T], name: str) -> "Future[T]":
    """Run in a thread what can't be interrupted; when we are told to end, its result is dropped."""
    threads = SideBySide(1, name)
    future = threads.submit(work)
    threads.close()
    return future


class Bodies:
    """What was answered before; a page that did not change costs neither budget nor bytes. Any thread may use it."""

    # CacheControl's adapter would do the same, but spools every body through a file and reads it without bounds.

    def __init__(self) -> None:
        self._controller = CacheController(DictCache())

    def ask_for_changes(self, request: requests.PreparedRequest) -> None:
        """Put the ETag of the answer we have on a request for the same."""
        request.headers.update(self._controller.conditional_headers(request))

    def read(self, request: requests.PreparedRequest, answer: HTTPResponse) -> tuple[int, bytes]:
        """Return status and body; "not modified" is what it was before; raises urllib3's errors and GitHubError."""
        if answer.status == 304:
            before = self._controller.update_cached_response(request, answer)
            return before.status, before.read(decode_content=True)
        raw = _bounded(answer)
        if request.method == "GET":
            self._controller.cache_response(request, answer, raw)
        packed = HTTPResponse(BytesIO(raw), answer.headers, preload_content=False)
        return answer.status, _bounded(packed, decode=True)


def _bounded(answer: HTTPResponse, *, decode: bool = False) -> bytes:
    parts, size = [], 0
    for part in answer.stream(64 * 1024, decode_content=decode):
        size += len(part)
        if size > LONGEST:
            raise GitHubError("the answer is too long to be GitHub's")
        parts.append(part)
    return b"".join(parts)

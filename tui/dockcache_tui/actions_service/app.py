"""The application: every route, what happens around each request, and serving it in the foreground."""

import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import uvicorn
from anyio import create_task_group, sleep
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dockcache_tui.actions_service import artifact_v4, blobs, cache_v1, cache_v2, twirp
from dockcache_tui.actions_service.faults import Faulty, ServiceFault
from dockcache_tui.actions_service.home import Running
from dockcache_tui.actions_service.rest import artifacts, caches, endpoint, repository
from dockcache_tui.actions_service.service import Service, Settings
from dockcache_tui.actions_service.staging import is_full
from dockcache_tui.core.errors import UsageError

_TIDY_SECONDS = 60
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
_PATIENCE = 5


def application(service: Service, faults: list[ServiceFault], say: Callable[[str], None]) -> ASGIApp:
    """Return the ASGI application; `say` is told of what goes wrong."""
    twirps = (*cache_v2.ROUTES, *artifact_v4.ROUTES, twirp.no_method())
    others = (*cache_v1.ROUTES, *blobs.ROUTES, *caches.ROUTES, *artifacts.ROUTES, *repository.ROUTES)
    app = Starlette(
        routes=[*twirps, *others],
        exception_handlers={
            404: endpoint.not_found,
            405: endpoint.not_found,
            ClientDisconnect: _left,
            OSError: _no_room,
            sqlite3.Error: _no_room,
        },
        lifespan=_tidying,
    )
    app.state.service = service
    return RequestFrame(Faulty(app, faults), say)


@asynccontextmanager
async def _tidying(app: Starlette) -> AsyncIterator[None]:
    async with create_task_group() as tasks:
        tasks.start_soon(_tidy, app.state.service)
        yield
        tasks.cancel_scope.cancel()


async def _tidy(service: Service) -> None:
    while True:
        await sleep(_TIDY_SECONDS)
        service.tidy()


async def _left(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer a client that is gone; nobody reads it."""
    return Response(status_code=400)


async def _no_room(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer for a disk that is full in a way that no client retries for minutes; anything else is a fault of ours."""
    if is_full(error) or (isinstance(error, sqlite3.Error) and error.sqlite_errorcode in _NO_ROOM):
        return JSONResponse({"message": "the disk is full"}, 507)
    raise error


class RequestFrame:
    """What is the same for every request: an id on each answer, and one line on stderr for a fault of ours."""

    def __init__(self, app: ASGIApp, say: Callable[[str], None]) -> None:
        self._app = app
        self._say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        number = str(uuid4())

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                # BuildKit's daemon crashes on an upload's answer without an x-ms-request-id.
                headers = MutableHeaders(scope=message)
                headers["x-ms-request-id"] = headers["x-github-request-id"] = number
            await send(message)

        try:
            await self._app(scope, receive, marked)
        except Exception as error:  # noqa: BLE001
            self._say(f"{scope.get('method')} {scope.get('path')} failed: {type(error).__name__}: {error}")


def serve(settings: Settings, host: str, port: int, faults: list[ServiceFault], say: Callable[[str], None]) -> None:
    """Serve until interrupted; the address is the first line of stdout, `say` is told of the rest.

    Raises UsageError where the address or the folder is in use.
    """
    os.umask(0o077)
    settings.home.make()
    with settings.home.held(), _bound(host, port) as listener:
        service = Service.open(settings)
        address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
        settings.home.announce(Running(address, settings.repo))
        config = uvicorn.Config(
            application(service, faults, say),
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        print(address, flush=True)  # noqa: T201
        say(f"Serving {settings.repo} from {settings.home.folder}; see `dockcache-tui service env --help`")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            service.sql.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only a socket that names TCP is spared the wait for receipts by asyncio, 40 ms for each answer with a body.
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        hint = "Name another --port, or 0 for a free one."
        raise UsageError(f"{host}:{port} can't be served: {error.strerror}", hint=hint) from error
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host

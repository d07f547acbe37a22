"""The application: every route, and what happens around each request."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from anyio import create_task_group, sleep
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dockcache_tui.actions_service import artifact_v4, blobs, cache_v1, cache_v2, twirp
from dockcache_tui.actions_service.faults import Faulty, ServiceFault
from dockcache_tui.actions_service.rest import artifacts, caches, endpoint, repository
from dockcache_tui.actions_service.service import Service
from dockcache_tui.actions_service.staging import is_full

_TIDY_SECONDS = 60
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}


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
        """Stand around an application."""
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

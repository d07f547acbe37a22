"""What every part of the service does with a request: find the service, read a token, read a small body."""

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from starlette.requests import Request

from dockcache_tui.actions_service.access import DeniedError, Grant
from dockcache_tui.actions_service.service import Service

T = TypeVar("T")
_SMALL = 1 << 20
_MOST = (1 << 63) - 1


class UnreadableError(Exception):
    """A body that is not what it should be, or longer than it could be; str(error) is why."""


def service_of(request: Request) -> Service:
    """Return the service that got a request."""
    service: Service = request.app.state.service
    return service


def bearer(request: Request) -> str:
    """Return the request's token; raises DeniedError without one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() not in {"bearer", "token"} or not token.strip():
        raise DeniedError("no token")
    return token.strip()


def grant_of(request: Request) -> Grant:
    """Return what the request's runtime token allows; raises DeniedError."""
    service = service_of(request)
    grant = service.signer.grant(bearer(request), service.settings.repo)
    service.note(grant.repo)
    return grant


def path_number(request: Request, name: str) -> int:
    """Return a number of the path, no larger than SQLite holds."""
    return min(int(request.path_params[name]), _MOST)


async def small_body(request: Request, most: int = _SMALL) -> bytes:
    """Read a whole body; raises UnreadableError beyond `most` bytes."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise UnreadableError(f"more than {most} bytes")
    return bytes(body)


async def decoded(request: Request, type_: type[T]) -> T:
    """Read a JSON body, numbers also as strings; raises UnreadableError."""
    try:
        return msgspec.json.decode(await small_body(request), type=type_, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from error


def streamed(request: Request) -> tuple[AsyncIterator[bytes], int | None]:
    """Return a body as it comes, and its length where it was told."""
    length = request.headers.get("content-length", "")
    return request.stream(), int(length) if length.isdecimal() and length.isascii() else None

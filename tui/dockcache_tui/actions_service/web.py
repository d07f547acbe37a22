"""What every part of the service does with a request: find the service, read a token, read a small body."""

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from dockcache_tui.actions_service.access import DeniedError, Grant
from dockcache_tui.actions_service.service import Service

T = TypeVar("T")
_SMALL = 1 << 20
_DIGITS = 18
"""The most that a number has: SQLite holds any such."""


class _NumberConvertor(Convertor[int]):
    """A number of a path; what has more digits names nothing here, and int() would refuse thousands."""

    regex = f"[0-9]{{1,{_DIGITS}}}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _NumberConvertor())


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
    number: int = request.path_params[name]
    return number


def number_of(text: str) -> int | None:
    """Return what a query or header says in digits, no larger than SQLite holds; None for anything else."""
    if not text.isdecimal() or not text.isascii():
        return None
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else 10**_DIGITS


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
    return request.stream(), number_of(request.headers.get("content-length", ""))

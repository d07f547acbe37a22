"""Faults on request: late, refused and cut answers, to see what a build does then."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

from anyio import sleep
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dockcache_tui.core.errors import UsageError

ROUTES = {
    "any": "*",
    "lookup": "POST */GetCacheEntryDownloadURL",
    "create": "POST */CreateCacheEntry",
    "finalize": "POST */FinalizeCacheEntryUpload",
    "artifacts": "POST */github.actions.results.api.v1.ArtifactService/*",
    "upload": "PUT /blobs/upload/*",
    "download": "GET /blobs/download/*",
    "v1": "* /_apis/artifactcache/*",
    "rest": "* /repos/*",
}
"""The routes that a fault may be put on, as patterns of `METHOD /path`."""
_CODES = {400: "invalid_argument", 401: "unauthenticated", 403: "permission_denied", 404: "not_found"}
_NUMBERS = re.compile(r"(delay|chance)=(\d{1,6}(?:\.\d{1,6})?)|(cut|after|times|retry-after)=(\d{1,12})", re.ASCII)


class _CutError(Exception):
    """The answer was cut where it should be."""


@dataclass(slots=True)
class ServiceFault:
    """One fault: on which requests (`after` so many, `times` at most, by `chance`), and what becomes of them.

    `delay` in seconds, `cut` the bytes of the body that still arrive, `retry_after` in seconds.
    """

    route: str
    status: int | None = None
    delay: float = 0
    cut: int | None = None
    retry_after: int | None = None
    after: int = 0
    times: int | None = None
    chance: float = 1
    seen: int = 0
    done: int = 0

    @classmethod
    def parse(cls, spec: str) -> "ServiceFault":
        """Read `ROUTE:WHAT[:OPTION]...`, such as `create:429:retry-after=30:after=200`; raises UsageError."""
        route, *words = spec.split(":")
        fault = cls(ROUTES.get(route, ""))
        for word in words:
            match = _NUMBERS.fullmatch(word)
            if match:
                name, value = match[1] or match[3], match[2] or match[4]
                setattr(fault, name.replace("-", "_"), float(value) if match[1] else int(value))
            elif re.fullmatch("[45][0-9]{2}", word):
                fault.status = int(word)
            else:
                raise _unreadable(spec)
        # The answer to an upload has no body that could be cut.
        cuts = fault.cut is not None and route != "upload"
        if not fault.route or (fault.status is None and not cuts and not fault.delay):
            raise _unreadable(spec)
        return fault

    def strikes(self, what: str, random: Random) -> bool:
        """Tell whether it strikes the request `METHOD /path`, and count it."""
        if not fnmatchcase(what, self.route):
            return False
        self.seen += 1
        spent = self.times is not None and self.done >= self.times
        if self.seen <= self.after or spent or random.random() >= self.chance:
            return False
        self.done += 1
        return True


class Faulty:
    """An application with faults in front of it; each request meets the first that strikes."""

    def __init__(self, app: ASGIApp, faults: list[ServiceFault], random: Random | None = None) -> None:
        """Put the faults in front, drawing chances from `random`."""
        self._app = app
        self._faults = faults
        self._random = random or Random()  # noqa: S311

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail it."""
        what = f"{scope.get('method', '')} {scope.get('path', '')}"
        fault = next((one for one in self._faults if one.strikes(what, self._random)), None)
        if fault is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await sleep(fault.delay)
        try:
            await self._struck(fault, scope, receive, send if fault.cut is None else _cutting(send, fault.cut))
        except _CutError:
            return

    async def _struck(self, fault: ServiceFault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.status is None:
            await self._app(scope, receive, send)
            return
        said = f"this answer is a fault that was asked for: {fault.status}"
        code = "resource_exhausted" if fault.status == 429 else _CODES.get(fault.status, "unavailable")
        headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
        # One body for Twirp (code, msg), REST and v1 (message).
        body = {"code": code, "msg": said, "message": said, "documentation_url": ""}
        await JSONResponse(body, fault.status, headers)(scope, receive, send)


def _cutting(send: Send, most: int) -> Send:
    """Return a `send` that lets so many bytes of the body through and then gives up."""
    left = most

    async def cut(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if len(body) > left:
            await send({**message, "body": body[:left], "more_body": True})
            raise _CutError
        left -= len(body)
        await send(message)

    return cut


def _unreadable(spec: str) -> UsageError:
    routes = ", ".join(ROUTES)
    hint = f"It is ROUTE:WHAT[:OPTION]... as in docs/service.md; ROUTE is one of {routes}."
    return UsageError(f"{spec!r} is not a fault", hint=hint)

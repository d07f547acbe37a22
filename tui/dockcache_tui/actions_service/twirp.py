"""Twirp over JSON, as the results service of GitHub Actions speaks it.

Protocol: https://twitchtv.github.io/twirp/docs/spec_v7.html
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dockcache_tui.actions_service.access import DeniedError, Grant
from dockcache_tui.actions_service.service import Service
from dockcache_tui.actions_service.web import UnreadableError, decoded, grant_of, service_of

Body = TypeVar("Body")
_PREFIX = "/twirp/github.actions.results.api.v1."
_STATUS = {
    "already_exists": 409,
    "bad_route": 404,
    "invalid_argument": 400,
    "malformed": 400,
    "not_found": 404,
    "permission_denied": 403,
    "unauthenticated": 401,
}


class TwirpError(Exception):
    """An answer that is an error of this code."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code, one of Twirp's, and what is said with it."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class TwirpCall(Generic[Body]):
    """One authorised call; `base` is the address it came to, with a slash at its end."""

    service: Service
    grant: Grant
    base: str
    body: Body


def method(name: str, body: type[Body], handler: Callable[[TwirpCall[Body]], Awaitable[Mapping[str, object]]]) -> Route:
    """Return the route of `Service/Method`; the handler answers with the message's snake_case fields."""

    async def endpoint(request: Request) -> Response:
        try:
            grant = grant_of(request)
            call = TwirpCall(service_of(request), grant, str(request.base_url), await decoded(request, body))
            return JSONResponse(await handler(call))
        except DeniedError as error:
            return _refusal("unauthenticated", f"invalid token: {error}")
        except UnreadableError as error:
            return _refusal("malformed", f"the request can't be read: {error}")
        except TwirpError as error:
            return _refusal(error.code, str(error))

    return Route(_PREFIX + name, endpoint, methods=["POST"])


async def _bad_route(request: Request) -> Response:
    return _refusal("bad_route", f"no handler for {request.method} {request.url.path}")


def no_method() -> Route:
    """Return the route that answers for every other method."""
    return Route("/twirp/{rest:path}", _bad_route, methods=["GET", "POST", "PUT", "DELETE", "PATCH"])


def _refusal(code: str, message: str) -> Response:
    return JSONResponse({"code": code, "msg": message}, _STATUS[code])

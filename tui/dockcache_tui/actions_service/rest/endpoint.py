"""What every REST endpoint shares: tokens, the rate limit, versions, ETags, pages and errors of GitHub's form."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dockcache_tui.actions_service.access import DeniedError
from dockcache_tui.actions_service.service import Service
from dockcache_tui.actions_service.web import UnreadableError, bearer, decoded, number_of, service_of

VERSIONS = ("2022-11-28", "2026-03-10")
NOT_MODIFIED = 304
T = TypeVar("T")
_DOCUMENTATION = "https://docs.github.com/rest"
_MAX_PER_PAGE = 100


class RestError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        """Keep the status, what is said with it, and headers with their dashes as underscores."""
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A JSON payload, or None for an empty body."""

    payload: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """One authorised request."""

    service: Service
    request: Request
    write: bool
    repo: str = ""
    """The path's repository, where it names one."""

    def text(self, name: str) -> str | None:
        """Return a query parameter, None where it is missing or empty."""
        return self.request.query_params.get(name) or None

    def choice(self, name: str, default: str, *others: str) -> str:
        """Return a query parameter that is one of these; raises RestError for another."""
        value = self.text(name) or default
        if value not in {default, *others}:
            raise RestError(422, f"Invalid value for {name}: {value}")
        return value

    def page(self) -> tuple[int, int]:
        """Return per_page and page as GitHub reads them: what is out of bounds is brought within."""
        per_page = min(max(self._number("per_page", 30), 1), _MAX_PER_PAGE)
        return per_page, min(max(self._number("page", 1), 1), 10**9)

    def paged(self, things: Sequence[T]) -> Sequence[T]:
        """Return those of this page."""
        per_page, page = self.page()
        return things[(page - 1) * per_page : page * per_page]

    def _number(self, name: str, default: int) -> int:
        value = number_of(self.text(name) or "")
        return default if value is None else value

    def links(self, total: int) -> dict[str, str]:
        """Return the Link header for this page of `total` things, nothing where one page holds all."""
        per_page, page = self.page()
        last = max(1, -(-total // per_page))
        before = {"prev": min(page - 1, last), "first": 1} if page > 1 else {}
        after = {"next": page + 1, "last": last} if page < last else {}
        url = self.request.url
        parts = [f'<{url.include_query_params(page=to)}>; rel="{rel}"' for rel, to in (before | after).items()]
        return {"link": ", ".join(parts)} if parts else {}


Handler = Callable[[Ask], Awaitable[JsonAnswer | Response]]


def route(method: str, path: str, handler: Handler) -> Route:
    """Return the route of an endpoint; whatever changes something asks for a token that may write."""

    async def endpoint(request: Request) -> Response:
        try:
            token, ask = _admitted(request)
        except RestError as error:
            return _refusal(error)
        try:
            _check(ask, token)
            response = _response(request, await handler(ask))
        except RestError as error:
            response = _refusal(error)
        budget = ask.service.budget
        if response.status_code != NOT_MODIFIED:
            budget.spend(token)
        response.headers.update(budget.headers(token))
        return response

    return Route(path, endpoint, methods=[method])


async def small_json(request: Request, type_: type[T]) -> T:
    """Read a JSON body; raises RestError for another."""
    try:
        return await decoded(request, type_)
    except UnreadableError as error:
        raise RestError(400, "Problems parsing JSON") from error


def found(thing: T | None) -> T:
    """Return a thing that is there; raises RestError where it is not."""
    if thing is None:
        raise RestError(404, "Not Found")
    return thing


def node_id(kind: str, number: int) -> str:
    """Return GitHub's other id of a thing."""
    return b64encode(f"{kind}:{number}".encode()).decode()


async def not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer for a path that is no endpoint."""
    return _refusal(RestError(404, "Not Found"))


def _admitted(request: Request) -> tuple[str, Ask]:
    """Return the token and what is asked; raises RestError for one that must not be answered."""
    service = service_of(request)
    if not request.headers.get("user-agent"):
        raise RestError(403, "Request forbidden by administrative rules. A User-Agent header is required.")
    if request.headers.get("x-github-api-version", VERSIONS[0]) not in VERSIONS:
        raise RestError(400, f"Supported API versions: {', '.join(VERSIONS)}")
    if "authorization" not in request.headers:
        raise RestError(401, "Requires authentication")
    try:
        token = bearer(request)
        write = service.signer.may_write(token)
    except DeniedError as error:
        raise RestError(401, "Bad credentials") from error
    return token, Ask(service, request, write, _repo(service, request.path_params))


def _repo(service: Service, path: Mapping[str, str]) -> str:
    """Return the path's repository as it is written; names ignore case. Raises RestError where there is no such."""
    if "repo" not in path:
        return ""
    asked = f"{path['owner']}/{path['repo']}".lower()
    return found(next((repo for repo in service.repos() if repo.lower() == asked), None))


def _check(ask: Ask, token: str) -> None:
    """Raise RestError where the token has no request left or may not change things."""
    if not ask.service.budget.left(token):
        raise RestError(403, "API rate limit exceeded")
    if ask.request.method not in {"GET", "HEAD"} and not ask.write:
        message = "Resource not accessible by integration"
        raise RestError(403, message, x_accepted_github_permissions="actions=write")


def _response(request: Request, answer: JsonAnswer | Response) -> Response:
    if isinstance(answer, Response):
        return answer
    if answer.payload is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    body = json.dumps(answer.payload).encode()
    tag = f'W/"{sha256(body).hexdigest()}"'
    headers = {**answer.headers, "etag": tag, "x-github-media-type": "github.v3; format=json"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    return Response(body, answer.status, headers, "application/json; charset=utf-8")


def _refusal(error: RestError) -> Response:
    body = {"message": str(error), "documentation_url": _DOCUMENTATION, "status": str(error.status)}
    return JSONResponse(body, error.status, error.headers)

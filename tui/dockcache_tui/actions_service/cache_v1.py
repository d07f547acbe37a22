"""The cache service v1, which GitHub ended in 2025 and GHES and older BuildKits still speak."""

import re
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from dockcache_tui.actions_service.access import BlobAccess, DeniedError, Grant
from dockcache_tui.actions_service.cache_v2 import LONGEST_KEY, VERSION
from dockcache_tui.actions_service.caches import TakenError
from dockcache_tui.actions_service.service import Service
from dockcache_tui.actions_service.staging import Upload, UploadError
from dockcache_tui.actions_service.web import UnreadableError, decoded, grant_of, path_number, service_of, streamed

Handler = Callable[[Service, Grant, Request], Awaitable[Response]]
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/\*", re.ASCII)


class _Reserve(msgspec.Struct):
    key: str
    version: str


class _Commit(msgspec.Struct):
    size: int


class _RefusedError(Exception):
    """An answer that is an error of this status and kind."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(service_of(request), grant_of(request), request)
        except DeniedError as error:
            return _refusal(401, "UnauthorizedException", f"invalid token: {error}")
        except UnreadableError as error:
            return _refusal(400, "InvalidRequestException", f"the request can't be read: {error}")
        except _RefusedError as error:
            return _refusal(error.status, error.kind, str(error))

    return endpoint


async def _find(service: Service, grant: Grant, request: Request) -> Response:
    keys, version = request.query_params.get("keys", "").split(","), request.query_params.get("version", "")
    if not grant.readable:
        raise _RefusedError(403, "AccessDeniedException", "cache read denied: token has no readable scopes")
    for key in keys:
        _check(key, version)
    found = service.caches.find(grant.repo, grant.readable, keys, version)
    if found is None:
        return Response(status_code=204)
    location = service.download_url(str(request.base_url), BlobAccess(found.blob, "r"))
    return JSONResponse({"cacheKey": found.key, "scope": found.ref, "archiveLocation": location})


async def _reserve(service: Service, grant: Grant, request: Request) -> Response:
    body = await decoded(request, _Reserve)
    if grant.writable is None:
        raise _RefusedError(403, "AccessDeniedException", "cache write denied: token has no writable scopes")
    _check(body.key, body.version)
    try:
        number, blob = service.caches.reserve(grant.repo, grant.writable, body.key, body.version)
    except TakenError as error:
        message = "cache entry with the same key, version, and scope already exists"
        raise _RefusedError(409, "ArtifactCacheItemAlreadyExistsException", message) from error
    service.staging.open(blob)
    return JSONResponse({"cacheId": number}, 201)


async def _chunk(service: Service, grant: Grant, request: Request) -> Response:
    blob = _reserved(service, grant, request)
    where = _RANGE.fullmatch(request.headers.get("content-range", ""))
    body, length = streamed(request)
    start, end = (int(where[1]), int(where[2])) if where else (0, -1)
    if end < start or length not in {None, end - start + 1}:
        raise _RefusedError(400, "InvalidRequestException", "Content-Range does not fit the body")
    try:
        await service.staging.write(blob, f"{start:015}", body, end - start + 1, at=start)
    except UploadError as error:
        raise _RefusedError(400, "InvalidRequestException", str(error)) from error
    return Response(status_code=204)


async def _commit(service: Service, grant: Grant, request: Request) -> Response:
    body = await decoded(request, _Commit)
    blob = _reserved(service, grant, request)
    try:
        await service.staging.commit(blob, sorted(_upload(service, blob, body.size).blocks))
        await service.staging.publish(blob, body.size, service.blob(blob))
    except UploadError as error:
        raise _gap(body.size) from error
    service.caches.finish(path_number(request, "number"), body.size)
    service.evict(grant.repo)
    return Response(status_code=204)


def _upload(service: Service, blob: str, size: int) -> Upload:
    """Return an upload whose chunks end at this size; raises _RefusedError."""
    upload = service.staging.get(blob)
    if not 0 < size == upload.end:
        raise _gap(size)
    return upload


def _gap(size: int) -> _RefusedError:
    return _RefusedError(400, "InvalidRequestException", f"the chunks are not {size} bytes in a row")


def _reserved(service: Service, grant: Grant, request: Request) -> str:
    blob = service.caches.reserved_as(grant.repo, grant.writable or "", path_number(request, "number"))
    if blob is None:
        raise _RefusedError(404, "ArtifactCacheItemNotFoundException", "cache entry not found")
    return blob


def _check(key: str, version: str) -> None:
    if not (1 <= len(key) <= LONGEST_KEY and VERSION.fullmatch(version)):
        raise _RefusedError(400, "InvalidRequestException", "the key or the version is not usable")


def _refusal(status: int, kind: str, message: str) -> Response:
    return JSONResponse({"typeKey": kind, "message": message}, status)


ROUTES: tuple[BaseRoute, ...] = (
    Mount(
        "/_apis/artifactcache",
        routes=[
            Route("/cache", _endpoint(_find)),
            Route("/caches", _endpoint(_reserve), methods=["POST"]),
            Route("/caches/{number:number}", _endpoint(_chunk), methods=["PATCH"]),
            Route("/caches/{number:number}", _endpoint(_commit), methods=["POST"]),
        ],
    ),
)

"""Signed URLs: uploads as Azure's block blobs take them, downloads in ranges."""

import re

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from dockcache_tui.actions_service.access import BlobAccess, DeniedError
from dockcache_tui.actions_service.staging import UploadError
from dockcache_tui.actions_service.web import UnreadableError, number_of, service_of, small_body, streamed

_LONGEST_LIST = 16 << 20  # 50,000 blocks, as many as a blob may have, with ids of 88 characters
_LISTED = re.compile(rb"<(Latest|Uncommitted|Committed)>([A-Za-z0-9+/=]+)</\1>")
_STATUS = {
    "AuthenticationFailed": 403,
    "BlobNotFound": 404,
    "InvalidBlockList": 400,
    "InvalidInput": 400,
    "InvalidXmlDocument": 400,
    "MissingContentLengthHeader": 411,
}
_WHOLE = ""
"""The name of the one block that Put Blob writes; no block id is empty."""


_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII | re.IGNORECASE)


class BlobResponse(FileResponse):
    """A finished blob, whole or in ranges, in pieces that keep memory flat."""

    chunk_size = 1 << 20

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Azure's own range header win, as Azure does; one that is no single range is ignored, as HTTP wants it."""
        headers = Headers(scope=scope)
        asked = _range(headers.get("x-ms-range") or headers.get("range", ""))
        others = [header for header in scope["headers"] if header[0] != b"range"]
        scope = {**scope, "headers": [*others, *([(b"range", asked)] if asked else [])]}
        await super().__call__(scope, receive, send)


def _range(asked: str) -> bytes:
    """Return a range with no more digits than any size has; nothing for anything else."""
    match = _RANGE.fullmatch(asked.strip())
    first, last = (number_of(match[1]), number_of(match[2])) if match else (None, None)
    if (first is None and last is None) or (first is not None and last is not None and first > last):
        return b""
    return b"bytes=%b-%b" % tuple(b"" if one is None else b"%d" % one for one in (first, last))


async def _upload(request: Request) -> Response:
    try:
        access = _access(request, "cw")
        put = _PUTS.get(request.query_params.get("comp", ""), _put_nothing)
        await put(request, access.blob)
    except UploadError as error:
        return _refusal(str(error))
    return Response(status_code=201)


async def _put_blob(request: Request, blob: str) -> None:
    _note_type(request, blob, "content-type")
    await _write(request, blob, _WHOLE)
    await service_of(request).staging.commit(blob, [_WHOLE])


async def _put_nothing(request: Request, blob: str) -> None:  # noqa: ARG001
    raise UploadError("InvalidInput")


async def _put_block(request: Request, blob: str) -> None:
    block = request.query_params.get("blockid", "")
    if not block:
        raise UploadError("InvalidInput")
    await _write(request, blob, block)


async def _write(request: Request, blob: str, block: str) -> None:
    body, length = streamed(request)
    if length is None:
        raise UploadError("MissingContentLengthHeader")
    await service_of(request).staging.write(blob, block, body, length)


async def _put_block_list(request: Request, blob: str) -> None:
    _note_type(request, blob, "x-ms-blob-content-type")
    try:
        xml = await small_body(request, _LONGEST_LIST)
    except UnreadableError as error:
        raise UploadError("InvalidXmlDocument") from error
    if b"<BlockList" not in xml:
        raise UploadError("InvalidXmlDocument")
    await service_of(request).staging.commit(blob, [listed[2].decode() for listed in _LISTED.finditer(xml)])


def _note_type(request: Request, blob: str, header: str) -> None:
    kind = request.headers.get("x-ms-blob-content-type") or request.headers.get(header, "")
    service_of(request).staging.get(blob).content_type = kind


async def _download(request: Request) -> Response:
    try:
        access = _access(request, "r")
        path = service_of(request).blob(access.blob)
        found = path.stat()
    except FileNotFoundError:
        return _refusal("BlobNotFound")
    except UploadError as error:
        return _refusal(str(error))
    return BlobResponse(path, media_type=access.type, filename=access.name or None, stat_result=found)


def _access(request: Request, permission: str) -> BlobAccess:
    try:
        access = service_of(request).signer.blob_access(request.query_params.get("sig", ""))
    except DeniedError as error:
        raise UploadError("AuthenticationFailed") from error
    if (access.blob, access.sp) != (request.path_params["blob"], permission):
        raise UploadError("AuthenticationFailed")
    return access


def _refusal(code: str) -> Response:
    xml = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return Response(xml, _STATUS[code], {"x-ms-error-code": code}, "application/xml")


_PUTS = {"": _put_blob, "block": _put_block, "blocklist": _put_block_list}

ROUTES: tuple[BaseRoute, ...] = (
    Route("/blobs/upload/{blob}", _upload, methods=["PUT"]),
    Route("/blobs/download/{blob}", _download, methods=["GET"]),
)

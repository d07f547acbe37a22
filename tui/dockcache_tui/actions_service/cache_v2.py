"""The cache service v2: three Twirp methods."""

import re
from collections.abc import Mapping

import msgspec
from starlette.routing import BaseRoute

from dockcache_tui.actions_service.access import BlobAccess
from dockcache_tui.actions_service.caches import TakenError
from dockcache_tui.actions_service.staging import UploadError
from dockcache_tui.actions_service.twirp import TwirpCall, TwirpError, method

LONGEST_KEY = 512
VERSION = re.compile("[0-9a-f]{64}")


class _Create(msgspec.Struct):
    key: str
    version: str


class _Finalize(msgspec.Struct):
    key: str
    version: str
    size_bytes: int


class _Get(msgspec.Struct):
    key: str
    version: str
    restore_keys: list[str] = []


async def _create(call: TwirpCall[_Create]) -> Mapping[str, object]:
    ref = call.grant.writable
    if ref is None:
        refusal = "cache write denied: token has no writable scopes"
        return {"ok": False, "signed_upload_url": "", "message": refusal}
    _check(call.body.key, call.body.version)
    try:
        _, blob = call.service.caches.reserve(call.grant.repo, ref, call.body.key, call.body.version)
    except TakenError as error:
        message = "cache entry with the same key, version, and scope already exists"
        raise TwirpError("already_exists", message) from error
    return {"ok": True, "signed_upload_url": call.service.upload_url(call.base, blob), "message": ""}


async def _finalize(call: TwirpCall[_Finalize]) -> Mapping[str, object]:
    service, repo, body = call.service, call.grant.repo, call.body
    _check(body.key, body.version)
    if body.size_bytes <= 0:
        raise TwirpError("invalid_argument", "size_bytes must be positive")
    reserved = service.caches.reserved(repo, call.grant.writable or "", body.key, body.version)
    if reserved is None:
        raise TwirpError("not_found", "cache entry not found")
    number, blob = reserved
    try:
        await service.staging.publish(blob, body.size_bytes, service.blob(blob))
    except UploadError as error:
        raise TwirpError("not_found", "cache entry not found") from error
    service.caches.finish(number, body.size_bytes)
    service.evict(repo)
    return {"ok": True, "entry_id": str(number), "message": ""}


async def _get(call: TwirpCall[_Get]) -> Mapping[str, object]:
    if not call.grant.readable:
        raise TwirpError("permission_denied", "cache read denied: token has no readable scopes")
    body = call.body
    keys = (body.key, *body.restore_keys)
    for key in keys:
        _check(key, body.version)
    found = call.service.caches.find(call.grant.repo, call.grant.readable, keys, body.version)
    if found is None:
        return {"ok": False, "signed_download_url": "", "matched_key": ""}
    url = call.service.download_url(call.base, BlobAccess(found.blob, "r"))
    return {"ok": True, "signed_download_url": url, "matched_key": found.key}


def _check(key: str, version: str) -> None:
    if not 1 <= len(key) <= LONGEST_KEY:
        raise TwirpError("invalid_argument", f"key must be 1 to {LONGEST_KEY} characters")
    if not VERSION.fullmatch(version):
        raise TwirpError("invalid_argument", "version must be 64 hexadecimal digits")


ROUTES: tuple[BaseRoute, ...] = (
    method("CacheService/CreateCacheEntry", _Create, _create),
    method("CacheService/FinalizeCacheEntryUpload", _Finalize, _finalize),
    method("CacheService/GetCacheEntryDownloadURL", _Get, _get),
)

"""The artifact service v4: five Twirp methods."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.routing import BaseRoute

from dockcache_tui.actions_service.access import BlobAccess
from dockcache_tui.actions_service.artifacts import StoredArtifact
from dockcache_tui.actions_service.caches import TakenError
from dockcache_tui.actions_service.service import Service
from dockcache_tui.actions_service.staging import UploadError
from dockcache_tui.actions_service.twirp import TwirpCall, TwirpError, method
from dockcache_tui.core.instant import Instant

_NAME = re.compile(r'[^"<>:|*?\r\n\\/]{1,255}')
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
UNKNOWN_TYPE = "application/octet-stream"


class _OfRun(msgspec.Struct):
    workflow_run_backend_id: str
    workflow_job_run_backend_id: str


Run = TypeVar("Run", bound=_OfRun)


class _Named(_OfRun):
    name: str


class _Create(_Named):
    expires_at: str | None = None
    mime_type: str | None = None


class _Finalize(_Named):
    size: int
    hash: str | None = None


class _List(_OfRun):
    name_filter: str | None = None
    id_filter: int | None = None


async def _create(call: TwirpCall[_Create]) -> Mapping[str, object]:
    body = _own(call)
    if not _NAME.fullmatch(body.name):
        raise TwirpError("invalid_argument", "the name has a character that no artifact may have, or is too long")
    try:
        expires = Instant.parse(body.expires_at) if body.expires_at else None
    except ValueError as error:
        raise TwirpError("invalid_argument", f"expires_at: {error}") from error
    try:
        blob = call.service.artifacts.reserve(call.grant, body.name, expires, body.mime_type or "")
    except TakenError as error:
        message = "an artifact with this name already exists on the workflow run"
        raise TwirpError("already_exists", message) from error
    return {"ok": True, "signed_upload_url": call.service.upload_url(call.base, blob)}


async def _finalize(call: TwirpCall[_Finalize]) -> Mapping[str, object]:
    body, service = _own(call), call.service
    if body.hash is not None and not _DIGEST.fullmatch(body.hash):
        raise TwirpError("invalid_argument", "the hash is not a sha256")
    reserved = service.artifacts.reserved(call.grant.repo, call.grant.run, body.name)
    if reserved is None:
        raise TwirpError("not_found", "artifact not found")
    number, blob = reserved
    try:
        type_ = service.staging.get(blob).content_type or UNKNOWN_TYPE
        await service.staging.publish(blob, body.size, service.blob(blob))
    except UploadError as error:
        raise TwirpError("not_found", "artifact not found") from error
    service.artifacts.finish(number, body.size, body.hash or "", type_)
    return {"ok": True, "artifact_id": str(number)}


async def _list(call: TwirpCall[_List]) -> Mapping[str, object]:
    body = _own(call)
    chosen = [
        artifact
        for artifact in call.service.artifacts.of_run(call.grant.repo, call.grant.run)
        if body.name_filter in {None, artifact.name} and body.id_filter in {None, artifact.id}
    ]
    return {"artifacts": [_message(artifact) for artifact in chosen]}


async def _signed_url(call: TwirpCall[_Named]) -> Mapping[str, object]:
    artifact = _artifact(call)
    return {"signed_url": artifact_url(call.service, call.base, artifact)}


async def _delete(call: TwirpCall[_Named]) -> Mapping[str, object]:
    artifact = _artifact(call)
    remove(call.service, artifact)
    return {"ok": True, "artifact_id": str(artifact.id)}


def artifact_url(service: Service, base: str, artifact: StoredArtifact, seconds: float = 600) -> str:
    """Return the URL an artifact may be read from for so long; a zip gets the name that browsers save."""
    name = f"{artifact.name}.zip" if artifact.type == "application/zip" else artifact.name
    return service.download_url(base, BlobAccess(artifact.blob, "r", name, artifact.type), seconds)


def remove(service: Service, artifact: StoredArtifact) -> None:
    """Take an artifact and its blob away."""
    service.artifacts.remove(artifact.id)
    service.blob(artifact.blob).unlink(missing_ok=True)


def _own(call: TwirpCall[Run]) -> Run:
    """Return the body of a call about the token's own run; raises TwirpError for another's."""
    run = call.body.workflow_run_backend_id, call.body.workflow_job_run_backend_id
    if not call.grant.run or run != (str(call.grant.run), call.grant.job):
        raise TwirpError("permission_denied", "the token is of another run or job")
    return call.body


def _artifact(call: TwirpCall[_Named]) -> StoredArtifact:
    body = _own(call)
    for artifact in call.service.artifacts.of_run(call.grant.repo, call.grant.run):
        if artifact.name == body.name:
            return artifact
    raise TwirpError("not_found", "artifact not found")


def _message(artifact: StoredArtifact) -> Mapping[str, object]:
    return {
        "workflow_run_backend_id": str(artifact.run),
        "workflow_job_run_backend_id": artifact.job,
        "database_id": str(artifact.id),
        "name": artifact.name,
        "size": str(artifact.size),
        "created_at": str(artifact.created),
        "digest": artifact.digest or None,
    }


ROUTES: tuple[BaseRoute, ...] = (
    method("ArtifactService/CreateArtifact", _Create, _create),
    method("ArtifactService/FinalizeArtifact", _Finalize, _finalize),
    method("ArtifactService/ListArtifacts", _List, _list),
    method("ArtifactService/GetSignedArtifactURL", _Named, _signed_url),
    method("ArtifactService/DeleteArtifact", _Named, _delete),
)

"""Carrying one file from job to job as a workflow artifact, as actions/upload-artifact and download-artifact do.

Protocol: the artifact service v4 over Twirp; the upload is Azure's block blob.
"""

import zipfile
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import jwt
import requests

_METHODS = "twirp/github.actions.results.api.v1.ArtifactService/"
_BLOCK = 8 << 20
_TIMEOUT = 60


def upload(run: Mapping[str, str], name: str, file: Path, days: int = 1) -> None:
    """Zip a file, which is not compressed again, and upload it as an artifact that is kept for so many days."""
    packed = file.with_name(f"{file.name}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.write(file, file.name)
    expires = (datetime.now(UTC) + timedelta(days=days)).isoformat().replace("+00:00", "Z")
    with requests.Session() as session:
        created = _call(session, run, "CreateArtifact", name=name, expires_at=expires, version=4)
        digest = _send(session, created["signed_upload_url"], packed)
        size = str(packed.stat().st_size)
        _call(session, run, "FinalizeArtifact", name=name, size=size, hash=f"sha256:{digest}")


def download(run: Mapping[str, str], name: str, folder: Path) -> None:
    """Download an artifact of the same run and unpack it into a folder."""
    packed = folder / f"{name}.zip"
    with requests.Session() as session:
        url = _call(session, run, "GetSignedArtifactURL", name=name)["signed_url"]
        with session.get(url, stream=True, timeout=_TIMEOUT) as answer, packed.open("wb") as file:
            answer.raise_for_status()
            for piece in answer.iter_content(1 << 20):
                file.write(piece)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)


def _send(session: requests.Session, url: str, file: Path) -> str:
    """Upload a file in blocks and return its sha256."""
    digest, blocks = sha256(), list[str]()
    with file.open("rb") as source:
        while piece := source.read(_BLOCK):
            digest.update(piece)
            blocks.append(b64encode(b"%048d" % len(blocks)).decode())
            where = {"comp": "block", "blockid": blocks[-1]}
            session.put(url, params=where, data=piece, timeout=_TIMEOUT).raise_for_status()
    listed = "".join(f"<Latest>{block}</Latest>" for block in blocks)
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
    headers = {"x-ms-blob-content-type": "application/zip"}
    session.put(url, params={"comp": "blocklist"}, data=body, headers=headers, timeout=_TIMEOUT).raise_for_status()
    return digest.hexdigest()


def _call(session: requests.Session, run: Mapping[str, str], method: str, **fields: object) -> dict[str, str]:
    token = run["ACTIONS_RUNTIME_TOKEN"]
    _, number, job = jwt.decode(token, options={"verify_signature": False})["scp"].split(":")
    body = {"workflow_run_backend_id": number, "workflow_job_run_backend_id": job, **fields}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{run['ACTIONS_RESULTS_URL']}{_METHODS}{method}"
    answer = session.post(url, json=body, headers=headers, timeout=_TIMEOUT)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found

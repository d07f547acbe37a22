"""The artifact service v4, and artifacts and runs over REST."""

import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.core.instant import Instant
from service.openapi import check, check_error
from service.serving import Job, Served, get, put_blob, put_block, put_block_list

ARTIFACTS = "/repos/{owner}/{repo}/actions/artifacts"
CONTENT = b"PK not really a zip"
RUNS = "GET /repos/{owner}/{repo}/actions/runs"


def upload(job: Job, name: str, content: bytes = CONTENT, **more: object) -> str:
    """Upload an artifact in one block, as the toolkit does; returns its id."""
    created = job.artifact("CreateArtifact", name=name, version=7, **more).json()
    assert created["ok"], created
    url = created["signed_upload_url"]
    assert put_block(url, "MQ==", content).status_code == 201
    assert put_block_list(url, ["MQ=="], x_ms_blob_content_type="zip").status_code == 201
    digest = f"sha256:{sha256(content).hexdigest()}"
    finished = job.artifact("FinalizeArtifact", name=name, size=str(len(content)), hash=digest).json()
    assert finished["ok"], finished
    assert isinstance(finished["artifact_id"], str)
    return str(finished["artifact_id"])


def names(job: Job, **filters: object) -> list[str]:
    """Return the names that the service lists for the run."""
    return [one["name"] for one in job.artifact("ListArtifacts", **filters).json()["artifacts"]]


def test_an_artifact_goes_around(job: Job) -> None:
    """What was uploaded is listed, read and deleted by its name."""
    number = upload(job, "report", mime_type="application/zip")
    (listed,) = job.artifact("ListArtifacts").json()["artifacts"]
    assert listed == {
        "workflow_run_backend_id": str(job.grant.run),
        "workflow_job_run_backend_id": "job",
        "database_id": number,
        "name": "report",
        "size": str(len(CONTENT)),
        "created_at": listed["created_at"],
        "digest": f"sha256:{sha256(CONTENT).hexdigest()}",
    }
    assert Instant.parse(listed["created_at"]) <= Instant.now()
    answer = get(job.artifact("GetSignedArtifactURL", name="report").json()["signed_url"])
    assert (answer.content, answer.headers["content-type"]) == (CONTENT, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="report.zip"'
    assert job.artifact("DeleteArtifact", name="report").json() == {"ok": True, "artifact_id": number}
    assert names(job) == []
    assert job.artifact("GetSignedArtifactURL", name="report").status_code == 404


def test_a_raw_file_is_no_zip(job: Job) -> None:
    """A build record that was uploaded as it is comes back under its own name and type, also over REST."""
    name = "owner~repo~ABC123.dockerbuild"
    number = upload(job, name, b"\x1f\x8b raw", mime_type="application/octet-stream")
    redirect = job.rest(f"actions/artifacts/{number}/zip")
    assert check(f"GET {ARTIFACTS}/{{artifact_id}}/{{archive_format}}", redirect) is None
    answer = get(redirect.headers["location"])
    assert (answer.content, answer.headers["content-type"]) == (b"\x1f\x8b raw", "application/octet-stream")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert job.rest_token not in redirect.headers["location"]


def test_the_type_of_the_upload_counts_where_none_was_told(job: Job) -> None:
    """Clients of version 4 name no type when they create; the blob's own is kept."""
    url = job.artifact("CreateArtifact", name="old", version=4).json()["signed_upload_url"]
    put_blob(url, CONTENT, Content_Type="application/gzip")
    job.artifact("FinalizeArtifact", name="old", size=len(CONTENT))
    answer = get(job.artifact("GetSignedArtifactURL", name="old").json()["signed_url"])
    assert answer.headers["content-type"] == "application/gzip"


def test_a_name_is_taken_once_in_a_run(job: Job) -> None:
    """The same name twice in a run is 409 until it is deleted; another run may have it."""
    upload(job, "report")
    again = job.artifact("CreateArtifact", name="report", version=7)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    upload(job.also("main"), "report")
    job.artifact("DeleteArtifact", name="report")
    upload(job, "report", b"another")


@pytest.mark.parametrize("name", ["", *(f"a{mark}b" for mark in '":<>|*?\r\n\\/'), "n" * 256])
def test_a_name_that_no_artifact_may_have(job: Job, name: str) -> None:
    """Names that no file may have everywhere are refused."""
    answer = job.artifact("CreateArtifact", name=name, version=7)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


def test_filters(job: Job) -> None:
    """A list may be of one name or one id."""
    first = upload(job, "first")
    upload(job, "second")
    assert names(job) == ["first", "second"]
    assert names(job, name_filter="second") == ["second"]
    assert names(job, id_filter=first) == ["first"]


def test_only_of_the_own_run(job: Job) -> None:
    """A token reads and writes the artifacts of its own run."""
    upload(job, "report")
    other = job.also("main")
    for method in ("ListArtifacts", "GetSignedArtifactURL", "DeleteArtifact"):
        body = {"workflow_run_backend_id": str(job.grant.run), "name": "report"}
        assert other.artifact(method, **body).json()["code"] == "permission_denied"
    assert names(other) == []


def test_what_is_not_whole_is_not_there(job: Job) -> None:
    """An artifact that was only created, or is of another size, is not listed and can't be read."""
    url = job.artifact("CreateArtifact", name="half", version=7).json()["signed_upload_url"]
    assert job.artifact("FinalizeArtifact", name="half", size=5).status_code == 404
    put_blob(url, b"1234")
    assert job.artifact("FinalizeArtifact", name="half", size=5).status_code == 404
    assert job.artifact("FinalizeArtifact", name="half", size=4, hash="md5:1").status_code == 400
    assert names(job) == []
    assert job.rest("actions/artifacts").json()["artifacts"] == []
    assert job.artifact("FinalizeArtifact", name="half", size=4).json()["ok"] is True


def test_rest_lists_artifacts(job: Job) -> None:
    """REST lists artifacts by name and by run, the newest first, each with its run, branch and digest."""
    upload(job, "report")
    other = job.also("topic", "main")
    newest = upload(other, "report")
    upload(other, "log")
    answer = check(f"GET {ARTIFACTS}", job.rest("actions/artifacts", params={"name": "report"}))
    assert answer["artifacts"][0]["id"] == int(newest)
    assert answer["total_count"] == 2
    page = job.rest("actions/artifacts", params={"per_page": 2})
    assert [one["name"] for one in page.json()["artifacts"]] == ["log", "report"]
    assert "page=2" in page.links["next"]["url"]
    path = f"actions/runs/{other.grant.run}/artifacts"
    of_run = job.rest(path, params={"direction": "asc"})
    found = check("GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", of_run)["artifacts"]
    assert [one["name"] for one in found] == ["report", "log"]
    one = check(f"GET {ARTIFACTS}/{{artifact_id}}", job.rest(f"actions/artifacts/{newest}"))
    assert one["workflow_run"]["id"] == other.grant.run
    assert (one["workflow_run"]["head_branch"], one["workflow_run"]["head_sha"]) == ("topic", "f" * 40)
    assert (one["digest"], one["size_in_bytes"]) == (f"sha256:{sha256(CONTENT).hexdigest()}", len(CONTENT))
    kept = datetime.fromisoformat(one["expires_at"]) - datetime.fromisoformat(one["created_at"])
    assert timedelta(days=89) < kept <= timedelta(days=90)


def test_rest_lists_runs(job: Job) -> None:
    """The runs that uploaded something are listed, also by branch, each from its first artifact to its last."""
    upload(job, "report")
    other = job.also("topic", "main")
    upload(other, "report")
    upload(other, "log")
    runs = check(RUNS, job.rest("actions/runs"))
    assert (runs["total_count"], {run["id"] for run in runs["workflow_runs"]}) == (2, {job.grant.run, other.grant.run})
    (run,) = check(RUNS, job.rest("actions/runs", params={"branch": "topic"}))["workflow_runs"]
    assert (run["id"], run["event"], run["conclusion"]) == (other.grant.run, "push", None)
    assert run["url"] == f"{job.served.address}/repos/{job.repo}/actions/runs/{other.grant.run}"
    last, first = job.rest(f"actions/runs/{other.grant.run}/artifacts").json()["artifacts"]
    assert (run["created_at"], run["updated_at"]) == (first["created_at"], last["created_at"])
    upload(job.also("refs/pull/7/merge", "main"), "report")
    (run,) = check(RUNS, job.rest("actions/runs", params={"branch": "#7"}))["workflow_runs"]
    assert run["event"] == "pull_request"


def test_rest_deletes_artifacts(job: Job) -> None:
    """A deleted artifact is gone from REST and from its run, and so are its bytes."""
    number = upload(job, "report")
    url = job.artifact("GetSignedArtifactURL", name="report").json()["signed_url"]
    check(f"DELETE {ARTIFACTS}/{{artifact_id}}", job.rest(f"actions/artifacts/{number}", "DELETE"))
    assert names(job) == []
    assert get(url).status_code == 404
    for method, path in (("GET", number), ("GET", f"{number}/zip"), ("DELETE", number), ("GET", "9" * 30)):
        check_error(job.rest(f"actions/artifacts/{path}", method), 404, "Not Found")


def test_retention(tmp_path: Path) -> None:
    """An artifact past its retention is still named, as expired, but can't be read: 410."""
    served = Served(tmp_path)
    soon = datetime.now(UTC) + timedelta(seconds=4)
    job = served.job("main")
    number = upload(job, "short", expires_at=soon.isoformat())
    upload(job, "long")
    served.stop()
    while datetime.now(UTC) <= soon:
        time.sleep(0.05)
    again = Served(tmp_path)
    try:
        later = Job(again, job.grant)
        entry = check(f"GET {ARTIFACTS}/{{artifact_id}}", later.rest(f"actions/artifacts/{number}"))
        assert entry["expired"] is True
        gone = later.rest(f"actions/artifacts/{number}/zip")
        check(f"GET {ARTIFACTS}/{{artifact_id}}/{{archive_format}}", gone)
        assert (gone.status_code, gone.json()["message"]) == (410, "Artifact has expired")
        assert b64decode(entry["node_id"]) == f"Artifact:{number}".encode()
        assert names(later) == ["long"]
        assert len(list(again.home.blobs.iterdir())) == 1
    finally:
        again.stop()


def test_a_time_that_is_none(job: Job) -> None:
    """An expiry that is no time is refused."""
    answer = job.artifact("CreateArtifact", name="report", version=7, expires_at="tomorrow")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")

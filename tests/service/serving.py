"""The real service in a process of its own, and jobs that speak to it as Actions' clients do."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from dockcache_tui.actions_service.access import READ, WRITE, Grant, Signer
from dockcache_tui.actions_service.home import Home

VERSION = "0123456789abcdef" * 4
_MAIN = "from dockcache_tui.cli.main import main; main()"
_CACHE = "twirp/github.actions.results.api.v1.CacheService/"
_ARTIFACT = "twirp/github.actions.results.api.v1.ArtifactService/"
REST_HEADERS = {"User-Agent": "tests", "X-GitHub-Api-Version": "2022-11-28"}
TIMEOUT = 90


def fresh_repo() -> str:
    """Name a repository that no other test has."""
    return f"tests/{uuid4().hex[:12]}"


def command(*words: str | Path) -> list[str]:
    """Return the argument list of `dockcache-tui WORDS`."""
    return [sys.executable, "-c", _MAIN, *map(str, words)]


class Served:
    """A service on a folder; it may be killed, and another started on the same one."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it and wait for its address."""
        self.home = Home(folder / "data")
        folder.mkdir(parents=True, exist_ok=True)
        words = command("service", "--port", "0", "--data", self.home.folder, "--repo", "tests/served", *options)
        self._said = (folder / "stderr").open("ab")
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self._said, cwd=folder)
        assert self.process.stdout
        self.address = self.process.stdout.readline().decode().strip()
        assert self.address, (folder / "stderr").read_text()

    @property
    def signer(self) -> Signer:
        """Return what signs for its folder."""
        return Signer(self.home.secret())

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return self._gone()

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self._gone()

    def _gone(self) -> int:
        code = self.process.wait(TIMEOUT)
        assert self.process.stdout
        self.process.stdout.close()
        self._said.close()
        return code

    def job(self, *refs: str, repo: str = "", read_only: bool = False) -> "Job":
        """Begin a job that saves to the first ref (a branch's name or a full ref) and restores from all, in order."""
        full = [ref if ref.startswith("refs/") else f"refs/heads/{ref}" for ref in refs]
        own = READ if read_only else READ | WRITE
        scopes = tuple((ref, READ if number else own) for number, ref in enumerate(full))
        return Job(self, Grant(repo or fresh_repo(), scopes, uuid4().int >> 80, "job", "f" * 40))


@dataclass
class Job:
    """One job with a runtime token, and a GITHUB_TOKEN that may change things."""

    served: Served
    grant: Grant
    token: str = field(init=False)
    rest_token: str = field(init=False)

    def __post_init__(self) -> None:
        """Get the tokens."""
        self.token = self.served.signer.runtime_token(self.grant)
        self.rest_token = self.served.signer.rest_token(write=True)

    @property
    def repo(self) -> str:
        """Return the job's repository."""
        return self.grant.repo

    def enter(self, patch: pytest.MonkeyPatch) -> "Job":
        """Lead this process to the service and the job's repository, as REST shows them."""
        patch.setenv("GITHUB_API_URL", self.served.address)
        patch.setenv("GITHUB_REPOSITORY", self.repo)
        patch.setenv("GITHUB_TOKEN", self.rest_token)
        return self

    def also(self, *refs: str) -> "Job":
        """Begin another job of the same repository."""
        return self.served.job(*refs, repo=self.repo)

    def cache(self, method: str, **body: object) -> requests.Response:
        """Call the cache service v2."""
        return self._post(_CACHE + method, {"version": VERSION} | body)

    def artifact(self, method: str, **body: object) -> requests.Response:
        """Call the artifact service about this job's run."""
        run = {"workflow_run_backend_id": str(self.grant.run), "workflow_job_run_backend_id": self.grant.job}
        return self._post(_ARTIFACT + method, run | body)

    def v1(self, method: str, path: str, **options: object) -> requests.Response:
        """Call the cache service v1."""
        return self._send(method, f"_apis/artifactcache/{path}", **options)

    def rest(
        self, path: str, method: str = "GET", headers: Mapping[str, str | None] | None = None, **options: object
    ) -> requests.Response:
        """Call REST below this job's repository; a path with a slash before it is below the root."""
        place = path[1:] if path.startswith("/") else f"repos/{self.repo}{'/' if path else ''}{path}"
        ours = {**REST_HEADERS, "Authorization": f"Bearer {self.rest_token}", **(headers or {})}
        return self._send(method, place, headers=ours, **options)

    def reserve(self, key: str, **more: object) -> str:
        """Reserve a key; returns the URL for its upload."""
        answer = self.cache("CreateCacheEntry", key=key, **more).json()
        assert answer["ok"], answer
        url: str = answer["signed_upload_url"]
        return url

    def finalize(self, key: str, size: int, **more: object) -> requests.Response:
        """Finish an upload."""
        return self.cache("FinalizeCacheEntryUpload", key=key, size_bytes=size, **more)

    def save(self, key: str, content: bytes = b"content", **more: object) -> int:
        """Save a cache; returns its id."""
        assert put_blob(self.reserve(key, **more), content).status_code == 201
        answer = self.finalize(key, len(content), **more)
        assert answer.json()["ok"], answer.text
        return int(answer.json()["entry_id"])

    def url_of(self, key: str, *restore_keys: str, **more: object) -> tuple[str, str] | None:
        """Look a cache up; returns the matched key and the URL to read it from."""
        answer = self.cache("GetCacheEntryDownloadURL", key=key, restore_keys=restore_keys, **more).json()
        return (answer["matched_key"], answer["signed_download_url"]) if answer["ok"] else None

    def restore(self, key: str, *restore_keys: str, **more: object) -> tuple[str, bytes] | None:
        """Look a cache up and read it; returns the matched key and the content."""
        found = self.url_of(key, *restore_keys, **more)
        return (found[0], get(found[1]).content) if found else None

    def keys(self) -> list[str]:
        """Return the keys that REST lists, the oldest first."""
        listed = self.rest(
            "actions/caches", params={"sort": "created_at", "direction": "asc", "per_page": "100"}
        ).json()
        return [cache["key"] for cache in listed["actions_caches"]]

    def _post(self, path: str, body: Mapping[str, object]) -> requests.Response:
        return self._send("POST", path, json=body)

    def _send(self, method: str, path: str, **options: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return send(method, f"{self.served.address}/{path}", **{"headers": headers} | options)


def send(method: str, url: str, **options: object) -> requests.Response:
    """Send one request, following nothing."""
    return requests.request(method, url, timeout=TIMEOUT, allow_redirects=False, **options)  # type: ignore[arg-type]


def get(url: str, **headers: str) -> requests.Response:
    """Read a URL; headers are named with underscores."""
    return send("GET", url, headers=_dashed(headers))


def put_blob(url: str, content: bytes, **headers: str) -> requests.Response:
    """Send a whole blob in one request."""
    return send("PUT", url, data=content, headers={"x-ms-blob-type": "BlockBlob"} | _dashed(headers))


def put_block(url: str, block: str, content: bytes) -> requests.Response:
    """Send one block; its id is sent as base64 is, with what a URL can't hold escaped."""
    return send("PUT", url, params={"comp": "block", "blockid": block}, data=content)


def put_block_list(url: str, blocks: Sequence[str], **headers: str) -> requests.Response:
    """Say which blocks, in which order, are the blob."""
    listed = "".join(f"<Latest>{block}</Latest>" for block in blocks)
    body = f'<?xml version="1.0" encoding="utf-8"?>\n<BlockList>{listed}</BlockList>'
    return send("PUT", url, params={"comp": "blocklist"}, data=body, headers=_dashed(headers))


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}

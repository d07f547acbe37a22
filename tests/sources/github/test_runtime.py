"""Reading indexes with a job's token: only what was asked for, and the token to one place."""

import json

import pytest

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.runtime import RuntimeCache
from dockcache_tui.sources.secret import Secret
from sources.github_server import TOKEN, Asked, Reply, serving

INDEX = json.dumps({"layers": [{"blob": "sha256:a", "parent": -1}]}).encode()
KEY = f"{index_key('app', 'refs/heads/main')}#1"


def entry(key: str = KEY, size: int = len(INDEX)) -> ActionsCache:
    """Return an entry of BuildKit's."""
    return ActionsCache(1, "refs/heads/main", key, BUILDKIT_VERSION, size, Instant(0), Instant(0))


def found(
    blob: Reply, cache: ActionsCache | None = None, **lookup: object
) -> tuple[list[str], list[Asked], list[Asked]]:
    """Look an index up; return the blobs it names, and what the service and the storage were asked."""
    with serving(lambda _: blob) as storage:
        answer = {"ok": True, "signed_download_url": f"{storage.address}/blob?sig=x", "matched_key": KEY} | lookup
        with serving(lambda _: Reply(answer)) as service:
            runtime = RuntimeCache(f"{service.address}/ignored/path", Secret(TOKEN), CommandLog())
            read = runtime.indexes([cache or entry()])
            return [name for index in read.values() for name in index.blobs], service.asked, storage.asked


def test_an_index_is_read() -> None:
    """The lookup carries the token to the root of the service, the download carries none."""
    blobs, service, storage = found(Reply(INDEX))
    assert blobs == ["sha256:a"]
    assert service[0].path == "/twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL"
    assert service[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in storage[0].headers


def test_what_was_asked_is_noted() -> None:
    """Lookup and download are in the log of requests with their statuses, without token and signature."""
    log = CommandLog()
    with serving(lambda _: Reply(INDEX, 403)) as storage:
        answer = {"ok": True, "signed_download_url": f"{storage.address}/blob?sig=s3cret", "matched_key": KEY}
        with serving(lambda _: Reply(answer)) as service, pytest.raises(GitHubError):
            RuntimeCache(service.address, Secret(TOKEN), log).indexes([entry()])
    assert [(one.argv[0], one.exit_code) for one in log.entries()] == [("POST", 200), ("GET", 403)]
    told = str(log.entries())
    assert f"{storage.address}/blob" in told
    assert TOKEN not in told
    assert "s3cret" not in told


def test_what_is_not_the_index_asked_for_is_left_unread() -> None:
    """A miss, another key, another size, or what is no index is unread; what is no index entry is not asked for."""
    assert found(Reply(INDEX), ok=False)[0] == []
    assert found(Reply(INDEX), matched_key=f"{KEY}1")[0] == []
    assert found(Reply(INDEX + b" "))[0] == []
    assert found(Reply(b"x" * len(INDEX)))[0] == []
    assert found(Reply(INDEX), entry("node-1"))[1] == []


@pytest.mark.parametrize("blob", [Reply(INDEX, 403), Reply(INDEX, cut=3), Reply(None, 302, {"location": "http://x/"})])
def test_faults_of_the_storage(blob: Reply) -> None:
    """A refusal, a cut body and a redirect are errors."""
    with pytest.raises(GitHubError):
        found(blob)


def test_an_address_without_encryption_is_not_followed() -> None:
    """A signed URL of another machine must be https."""
    with pytest.raises(GitHubError, match="unencrypted"):
        found(Reply(INDEX), signed_download_url="http://storage.example/blob")


def test_which_job() -> None:
    """Outside a job, or for another repository than the job's, there is nothing to read with."""
    job = {
        "ACTIONS_RESULTS_URL": "http://127.0.0.1:1/",
        "ACTIONS_RUNTIME_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "Octo/App",
    }
    assert RuntimeCache.of_job("octo/app", CommandLog(), job) is not None
    assert RuntimeCache.of_job("octo/other", CommandLog(), job) is None
    assert RuntimeCache.of_job("octo/app", CommandLog(), {"GITHUB_REPOSITORY": "octo/app"}) is None


def test_a_service_without_encryption_is_told_when_it_would_be_asked() -> None:
    """What needs no index does without it: a container's address of the local service is no reason to list nothing."""
    job = {"ACTIONS_RESULTS_URL": "http://results.example/", "ACTIONS_RUNTIME_TOKEN": TOKEN}
    runtime = RuntimeCache.of_job("octo/app", CommandLog(), job)
    assert runtime is not None
    assert runtime.indexes([entry("node-1")]) == {}
    with pytest.raises(UsageError, match="plain http"):
        runtime.indexes([entry(KEY)])

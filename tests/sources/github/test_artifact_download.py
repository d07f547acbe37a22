"""Downloads of artifacts from storages that fail, lie or answer otherwise: a whole file, or a clear error and none."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.deletion import DeletePlan, Fate
from dockcache_tui.core.errors import DockcacheError, SourceError, UsageError
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.gate import Gate
from dockcache_tui.sources.github.place import GitHubPlace
from dockcache_tui.sources.github.source import GitHubActions
from dockcache_tui.sources.part_file import PartFile
from dockcache_tui.sources.secret import Secret
from sources.github_server import TOKEN, Asked, FakeGitHub, Reply, serving

CONTENT = bytes(range(256)) * 400
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"
ZIP = "/repos/octo/app/actions/artifacts/7/zip"
PART = "log.7.part"
Storage = Callable[[Asked, int], Reply]


def artifact(digest: str | None = DIGEST, name: str = "log") -> Artifact:
    """Return the artifact that the tests download."""
    return Artifact(
        7,
        name,
        len(CONTENT),
        expired=False,
        created_at=None,
        expires_at=None,
        branch=None,
        revision="",
        run=None,
        digest=digest,
    )


def ranged(asked: Asked, number: int = 0) -> Reply:  # noqa: ARG001
    """Answer as Azure does: the rest that was asked for."""
    start = int((re.match("bytes=([0-9]+)-", asked.headers.get("range", "")) or ["", "0"])[1])
    headers = {"content-type": "application/octet-stream"}
    if start:
        headers["content-range"] = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    return Reply(CONTENT[start:], 206 if start else 200, headers)


def source_of(github: FakeGitHub, log: CommandLog | None = None) -> GitHubActions:
    """Return what speaks to a GitHub, with the usual patience: nothing here is about time."""
    api = Api(GitHubPlace(github.address, "127.0.0.1"), Secret(TOKEN), Gate(100), log or CommandLog())
    return GitHubActions(api, "octo/app", pace=0)


@contextmanager
def storing(storage: Storage, log: CommandLog | None = None) -> Iterator[tuple[GitHubActions, FakeGitHub]]:
    """Give a GitHub that leads to a storage, and the storage; it is told how many asked before."""
    asked: list[Asked] = []

    def answer(one: Asked) -> Reply:
        asked.append(one)
        return storage(one, len(asked) - 1)

    with (
        serving(answer) as there,
        serving(lambda _: Reply(None, 302, {"location": f"{there.address}/blob?sig=s1gned"})) as github,
    ):
        source = source_of(github, log)
        try:
            yield source, there
        finally:
            source.close()


def test_the_token_stays_and_the_signature_is_not_logged(tmp_path: Path) -> None:
    """Storage gets no token, and the log of requests neither the token nor what opens the blob."""
    log = CommandLog()
    with storing(ranged, log) as (source, storage):
        assert source.download_artifact(artifact(), tmp_path).read_bytes() == CONTENT
        (asked,) = storage.asked
        assert "authorization" not in asked.headers
        logged = repr(log.entries())
        assert "/blob" in logged
        assert "s1gned" not in logged
        assert TOKEN not in logged


def test_only_the_rest_is_asked_for(tmp_path: Path) -> None:
    """After a cut the next request is for what is missing, and progress goes on from there."""
    told: list[tuple[int, int]] = []

    def cut(asked: Asked, number: int) -> Reply:
        reply = ranged(asked)
        return reply if number else Reply(reply.body, 200, reply.headers, cut=60_000)

    with storing(cut) as (source, storage):
        source.download_artifact(artifact(), tmp_path, lambda *state: told.append(state))
        assert [one.headers.get("range") for one in storage.asked] == [None, f"bytes={len(CONTENT) - 60_000}-"]
    assert (tmp_path / "log").read_bytes() == CONTENT
    assert told == sorted(told)
    assert {total for _, total in told} == {len(CONTENT)}


def test_interrupted_and_gone_on_with(tmp_path: Path) -> None:
    """What ends a download from outside leaves the part, which the next one goes on with."""

    def enough(count: int, _: int) -> None:
        raise KeyboardInterrupt(count)

    with storing(ranged) as (source, storage):
        with pytest.raises(KeyboardInterrupt):
            source.download_artifact(artifact(), tmp_path, enough)
        arrived = (tmp_path / PART).stat().st_size
        assert CONTENT.startswith((tmp_path / PART).read_bytes())
        source.download_artifact(artifact(), tmp_path)
        assert storage.asked[1].headers["range"] == f"bytes={arrived - 1}-"
    assert (tmp_path / "log").read_bytes() == CONTENT
    assert not (tmp_path / PART).exists()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(CONTENT, 200),
        Reply(CONTENT[9:], 206, {"content-range": f"bytes 9-{len(CONTENT) - 1}/{len(CONTENT)}"}),
        Reply(b"", 416, {"content-range": f"bytes */{len(CONTENT)}"}),
        Reply({}, 403),
    ],
)
def test_a_storage_that_does_not_go_on(reply: Reply, tmp_path: Path) -> None:
    """One that ignores the range, answers another, or refuses it is asked anew, and the file is whole."""
    (tmp_path / PART).write_bytes(CONTENT[:1000])
    with storing(lambda asked, number: ranged(asked) if number else reply) as (source, _):
        source.download_artifact(artifact(), tmp_path)
    assert (tmp_path / "log").read_bytes() == CONTENT


def test_without_a_digest_nothing_is_gone_on_with(tmp_path: Path) -> None:
    """Where nothing could tell two halves of two files apart, the download begins anew."""
    (tmp_path / PART).write_bytes(b"x" * 1000)
    with storing(ranged) as (source, storage):
        source.download_artifact(artifact(digest=None), tmp_path)
        assert "range" not in storage.asked[0].headers
    assert (tmp_path / "log").read_bytes() == CONTENT


def test_damaged(tmp_path: Path) -> None:
    """What arrives as something else than was uploaded is not kept, and both digests are told."""
    with (
        storing(lambda *_: Reply(b"something else")) as (source, _),
        pytest.raises(DockcacheError, match=f"GitHub says it is {DIGEST}") as caught,
    ):
        source.download_artifact(artifact(), tmp_path)
    assert sha256(b"something else").hexdigest() in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({}, 404), "no longer has the file"),
        (Reply({}, 403), r"refuses the address that GitHub gave \(403\)"),
        (Reply({}, 302, {"location": "/elsewhere"}), r"refuses the address that GitHub gave \(302\)"),
        (Reply({}, 400), r"refuses the address that GitHub gave \(400\)"),
        (Reply(b"12345", 200, cut=5), "cut off"),
        (Reply({}, 206, {"content-range": "bytes 5-6/7"}), "a different part"),
        (Reply({}, 429, {"retry-after": "4000"}), "asks to wait"),
    ],
)
def test_a_storage_that_refuses(reply: Reply, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal ends in an error that says what happened, after few requests, and leaves nothing."""
    monkeypatch.setattr("dockcache_tui.sources.github.artifact_download._PAUSE", 0.001)
    with storing(lambda *_: reply) as (source, storage):
        with pytest.raises(SourceError, match=words):
            source.download_artifact(artifact(), tmp_path)
        assert len(storage.asked) <= 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({"message": "Artifact has expired"}, 410), "past its retention"),
        (Reply({}, 302, {"location": "http://storage.example/blob?sig=x"}), "unencrypted"),
        (Reply({}, 302, {"location": "file:///etc/passwd"}), "unencrypted"),
        (Reply({}, 302, {"location": "https://["}), "unencrypted"),
        (Reply({}, 302), "does not say where"),
        (Reply({}, 200), "does not allow that"),
        (Reply({"message": "Bad credentials"}, 401), "does not know this token"),
        (Reply({}, 404), "has nothing there"),
    ],
)
def test_a_github_that_does_not_lead_there(reply: Reply, words: str, tmp_path: Path) -> None:
    """What is no redirect to an encrypted address is an error, and nothing is asked elsewhere."""
    with serving(lambda _: reply) as github:
        source = source_of(github)
        with pytest.raises(SourceError, match=words) as caught:
            source.download_artifact(artifact(), tmp_path)
        assert github.paths() == [ZIP]
        assert TOKEN not in str(caught.value) + caught.value.hint
        source.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        ("application/zip", b"PK\x03\x04 zip", "log.zip"),
        ("application/zip; charset=x", b"PK\x05\x06 an empty zip", "log.zip"),
        ("application/zip", b"\x1f\x8b a build record", "log"),
        ("application/octet-stream", b"PK\x03\x04 a jar", "log"),
    ],
)
def test_what_is_a_zip(kind: str, content: bytes, name: str, tmp_path: Path) -> None:
    """A zip is what storage calls one and begins like one: build records are gzip whatever their type says."""
    with storing(lambda *_: Reply(content, 200, {"content-type": kind})) as (source, _):
        path = source.download_artifact(artifact(f"sha256:{sha256(content).hexdigest()}"), tmp_path)
    assert path == tmp_path / name
    assert path.read_bytes() == content


def test_one_download_at_a_time(tmp_path: Path) -> None:
    """A second download of the same into the same folder is refused while the first is under way."""
    with storing(ranged) as (source, storage), PartFile(tmp_path / PART) as part:
        part.append(b"x")
        with pytest.raises(UsageError, match="by another process"):
            source.download_artifact(artifact(), tmp_path)
        assert storage.asked == []
        assert part.size == 1


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    """A file where the folder should be is an error that names it."""
    (tmp_path / "to").write_text("a file")
    with storing(ranged) as (source, _), pytest.raises(DockcacheError, match="can't be written"):
        source.download_artifact(artifact(), tmp_path / "to")


def artifact_json(**more: object) -> dict[str, object]:
    """Return the artifact as GitHub lists it."""
    return {"id": 7, "name": "log", "size_in_bytes": len(CONTENT), "digest": DIGEST} | more


@pytest.mark.parametrize(
    ("answers", "fate", "asked"),
    [
        ([Reply(artifact_json()), Reply(None, 204)], Fate.DELETED, ["GET", "DELETE"]),
        ([Reply({}, 404)], Fate.GONE, ["GET"]),
        ([Reply(artifact_json(name="other"))], Fate.CHANGED, ["GET"]),
        ([Reply(artifact_json()), Reply({}, 404)], Fate.GONE, ["GET", "DELETE"]),
        ([Reply(artifact_json()), Reply({"message": "no"}, 403)], Fate.REFUSED, ["GET", "DELETE"]),
        ([Reply(artifact_json()), Reply(b"123", cut=3), Reply({}, 404)], Fate.DELETED, ["GET", "DELETE", "GET"]),
        ([Reply(artifact_json()), Reply(b"1", cut=1), Reply(artifact_json())], Fate.REFUSED, ["GET", "DELETE", "GET"]),
    ],
)
def test_deleting(
    answers: list[Reply], fate: Fate, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An artifact is read again first; what changed is left alone, and a lost answer is looked into."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path))
    left = iter(answers)
    with serving(lambda _: next(left)) as github:
        source = source_of(github)
        (one,) = source.delete_artifacts(DeletePlan(source.repo, (artifact(),)))
        source.close()
        assert [request.method for request in github.asked] == asked
    assert one.fate is fate

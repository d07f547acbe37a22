"""The cache service v1, for GHES and clients of before 2025."""

import socket

import pytest

from service.serving import TIMEOUT, VERSION, Job, Served, get

TAKEN = {
    "typeKey": "ArtifactCacheItemAlreadyExistsException",
    "message": "cache entry with the same key, version, and scope already exists",
}


def chunk(job: Job, number: int, start: int, content: bytes) -> int:
    """Send a chunk; returns the status."""
    headers = {
        "Authorization": f"Bearer {job.token}",
        "Content-Type": "application/octet-stream",
        "Content-Range": f"bytes {start}-{start + len(content) - 1}/*",
    }
    return job.v1("PATCH", f"caches/{number}", data=content, headers=headers).status_code


def reserve(job: Job, key: str) -> int:
    """Reserve a key; returns the id, which must not be 0."""
    number = job.v1("POST", "caches", json={"key": key, "version": VERSION, "cacheSize": 3}).json()["cacheId"]
    assert isinstance(number, int)
    assert number
    return number


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 1, 2, 0]])
def test_chunks_in_any_order(job: Job, order: list[int]) -> None:
    """Chunks go where their Content-Range says, whatever the order and however often."""
    parts = [b"a" * 1000, b"b" * 1000, b"c" * 10]
    number = reserve(job, "deps")
    for part in order:
        assert chunk(job, number, part * 1000, parts[part]) == 204
    assert job.v1("GET", "cache", params={"keys": "deps", "version": VERSION}).status_code == 204
    assert job.v1("POST", f"caches/{number}", json={"size": 2010}).status_code == 204
    found = job.v1("GET", "cache", params={"keys": "deps", "version": VERSION}).json()
    assert (found["cacheKey"], found["scope"]) == ("deps", "refs/heads/main")
    assert get(found["archiveLocation"]).content == b"".join(parts)
    resumed = get(found["archiveLocation"], Range="bytes=1500-")
    assert resumed.headers["content-range"].startswith("bytes 1500-")
    assert resumed.content == b"".join(parts)[1500:]


def test_a_miss_is_204(job: Job) -> None:
    """A miss has no body, as Go's client expects."""
    answer = job.v1("GET", "cache", params={"keys": "never", "version": VERSION})
    assert (answer.status_code, answer.content) == (204, b"")


def test_keys_are_tried_in_turn(job: Job) -> None:
    """The keys are joined by commas: the first exactly, all of them as prefixes."""
    job.save("deps-1", b"one")
    answer = job.v1("GET", "cache", params={"keys": "none,deps-", "version": VERSION})
    assert answer.json()["cacheKey"] == "deps-1"


def test_a_taken_key(job: Job) -> None:
    """A key that is taken has the type that clients look for."""
    reserve(job, "deps")
    again = job.v1("POST", "caches", json={"key": "deps", "version": VERSION})
    assert (again.status_code, again.json()) == (409, TAKEN)


@pytest.mark.parametrize("size", [0, 5, 15, 20, 30])
def test_a_gap_is_no_cache(job: Job, size: int) -> None:
    """Chunks with a gap between them, or of another size than told, stay unseen."""
    number = reserve(job, "deps")
    chunk(job, number, 0, b"0123456789")
    chunk(job, number, 15, b"56789")
    assert job.v1("POST", f"caches/{number}", json={"size": size}).status_code == 400
    assert job.restore("deps") is None
    chunk(job, number, 10, b"01234")
    assert job.v1("POST", f"caches/{number}", json={"size": 20}).status_code == 204
    assert job.restore("deps") == ("deps", b"01234567890123456789")


@pytest.mark.parametrize("sent", [5, 15])
def test_a_chunk_is_as_long_as_it_says(job: Job, sent: int) -> None:
    """JavaScript's client sends chunks without a length; one that is not as long as its range spoils no other."""
    number = reserve(job, "deps")
    chunk(job, number, 0, b"0123456789")
    chunk(job, number, 10, b"0123456789")
    headers = {"Authorization": f"Bearer {job.token}", "Content-Range": "bytes 0-9/*"}
    assert job.v1("PATCH", f"caches/{number}", data=iter([b"#" * sent]), headers=headers).status_code == 400
    assert job.v1("PATCH", f"caches/{number}", data=iter([b"abcde", b"fghij"]), headers=headers).status_code == 204
    assert job.v1("POST", f"caches/{number}", json={"size": 20}).status_code == 204
    assert job.restore("deps") == ("deps", b"abcdefghij0123456789")


def test_a_straggling_chunk_changes_nothing(job: Job) -> None:
    """A repeated chunk that is still arriving at the commit does not write into the finished cache."""
    number = reserve(job, "deps")
    assert chunk(job, number, 0, b"a" * 100_000) == 204
    host, _, port = job.served.address.removeprefix("http://").partition(":")
    head = (
        f"PATCH /_apis/artifactcache/caches/{number} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {job.token}\r\n"
        "Content-Range: bytes 0-99999/*\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=TIMEOUT) as straggler:
        straggler.sendall(head.encode())
        assert straggler.recv(100).startswith(b"HTTP/1.1 100")
        straggler.sendall(b"#" * 50_000)
        assert job.v1("POST", f"caches/{number}", json={"size": 100_000}).status_code == 204
        straggler.sendall(b"#" * 50_000)
        assert straggler.recv(100).startswith(b"HTTP/1.1 204")
    assert job.restore("deps") == ("deps", b"a" * 100_000)


@pytest.mark.parametrize("value", ["", "bytes 0-3/*", "bytes 5-3/*", "bytes */*", "bytes 0-99999999999999999999/*"])
def test_a_range_must_fit_its_body(job: Job, value: str) -> None:
    """A chunk without a Content-Range of its own length is refused."""
    headers = {"Authorization": f"Bearer {job.token}", "Content-Range": value}
    assert job.v1("PATCH", f"caches/{reserve(job, 'deps')}", data=b"12345", headers=headers).status_code == 400


def test_only_the_jobs_own_reservation(job: Job, served: Served) -> None:
    """Another branch's or repository's reservation, and one that never was, is not found."""
    number = reserve(job, "deps")
    for other in (job.also("topic", "main"), served.job("main")):
        assert chunk(other, number, 0, b"x") == 404
    for never in (number + 1000, 10**30):
        assert job.v1("POST", f"caches/{never}", json={"size": 1}).status_code == 404


def test_a_read_only_token(served: Served) -> None:
    """A token without a writable scope can't reserve."""
    reader = served.job("main", read_only=True)
    answer = reader.v1("POST", "caches", json={"key": "k", "version": VERSION})
    assert (answer.status_code, answer.json()["message"]) == (403, "cache write denied: token has no writable scopes")


@pytest.mark.parametrize(
    ("token", "body", "status"), [("", {"key": "k", "version": VERSION}, 401), (None, {"key": 1}, 400)]
)
def test_what_is_refused(job: Job, token: str | None, body: dict[str, object], status: int) -> None:
    """A missing token and a body that is none are told in v1's own form."""
    headers = {"Authorization": f"Bearer {job.token if token is None else token}"}
    answer = job.v1("POST", "caches", json=body, headers=headers)
    assert (answer.status_code, set(answer.json())) == (status, {"typeKey", "message"})

"""Faults on request, and what a full or odd world does to the service."""

import resource
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

import pytest
import requests

from dockcache_tui.actions_service.faults import ROUTES, ServiceFault
from service.serving import Job, Served, get, put_blob, send

MIB = 1 << 20
Start = Callable[..., AbstractContextManager[Job]]


@pytest.fixture
def faulty(tmp_path: Path) -> Start:
    """Start a service with faults and a job in it."""

    @contextmanager
    def start(*specs: str) -> Iterator[Job]:
        served = Served(tmp_path, *(word for spec in specs for word in ("--fault", spec)))
        try:
            yield served.job("main", repo="tests/served")
        finally:
            served.stop()

    return start


def test_statuses_by_route_count_and_order(faulty: Start) -> None:
    """A fault strikes its route only, after so many requests, so many times; each client finds its own words."""
    with faulty("create:429:retry-after=30:after=2:times=1", "rest:503:times=1", "finalize:500:times=1") as job:
        for key in ("one", "two"):
            put_blob(job.reserve(key), b"12345")
        struck = job.cache("CreateCacheEntry", key="three")
        assert (struck.status_code, struck.headers["retry-after"]) == (429, "30")
        assert struck.json()["code"] == "resource_exhausted"
        assert struck.headers["x-ms-request-id"]
        assert job.cache("CreateCacheEntry", key="three").json()["ok"] is True
        assert job.finalize("one", 5).json()["code"] == "unavailable"
        assert job.finalize("one", 5).json()["ok"] is True
        refused = job.rest("actions/caches")
        assert (refused.status_code, "message" in refused.json()) == (503, True)
        assert job.keys() == ["one"]


def test_late_answers(faulty: Start) -> None:
    """A delayed route answers rightly, but late."""
    with faulty("lookup:delay=1") as job:
        job.save("deps")
        began = time.monotonic()
        assert job.url_of("deps")
        assert time.monotonic() - began >= 1


def test_who_is_not_late(faulty: Start) -> None:
    """While one route's answer is held back, others answer."""
    with ThreadPoolExecutor() as pool:
        with faulty("lookup:delay=3600") as job:
            late = pool.submit(job.url_of, "deps")
            job.save("deps")
            assert not late.done()
        assert late.exception()


@pytest.mark.parametrize("kept", [0, 3])
def test_cut_answers(faulty: Start, kept: int) -> None:
    """A cut download promises its whole length, gives so many bytes and ends; the next one is whole."""
    with faulty(f"download:cut={kept}:times=1") as job:
        job.save("deps", b"the content")
        found = job.url_of("deps")
        assert found
        with requests.get(found[1], stream=True, timeout=10) as answer:
            assert (answer.status_code, answer.headers["content-length"]) == (200, "11")
            got = b""
            with pytest.raises(requests.exceptions.ChunkedEncodingError):  # noqa: PT012
                for piece in answer.iter_content(1):
                    got += piece
        assert got == b"the content"[:kept]
        assert get(found[1]).content == b"the content"


def test_chances() -> None:
    """A chance strikes about that often."""
    fault, random = ServiceFault.parse("any:503:chance=0.25"), Random(1)  # noqa: S311
    struck = sum(fault.strikes("GET /x", random) for _ in range(1000))
    assert 200 < struck < 300


WHERE = {
    "lookup": "POST /twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL",
    "create": "POST /twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry",
    "finalize": "POST /twirp/github.actions.results.api.v1.CacheService/FinalizeCacheEntryUpload",
    "artifacts": "POST /twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts",
    "upload": "PUT /blobs/upload/0123",
    "download": "GET /blobs/download/0123",
    "v1": "PATCH /_apis/artifactcache/caches/1",
    "rest": "GET /repos/o/r/actions/caches",
}


def test_each_route_has_a_fault() -> None:
    """Each route's fault strikes its own requests and those of no other route."""
    assert {"any", *WHERE} == set(ROUTES)
    for route in WHERE:
        fault = ServiceFault.parse(f"{route}:503")
        assert [other for other, request in WHERE.items() if fault.strikes(request, Random())] == [route]  # noqa: S311


def test_a_fault_of_ours_is_one_line(own_service: Served) -> None:
    """What the service did not foresee is a 500 and a line on stderr, no traceback, and it serves on."""
    job = own_service.job("main")
    job.save("deps")
    own_service.home.blobs.rename(own_service.home.folder / "elsewhere")
    url = job.reserve("more")
    put_blob(url, b"12345")
    assert job.finalize("more", 5).status_code == 500
    assert job.keys() == ["deps"]
    own_service.stop()
    said = (own_service.home.folder.parent / "stderr").read_text()
    assert "failed: FileNotFoundError" in said
    assert "Traceback" not in said


def test_a_full_disk(own_service: Served) -> None:
    """Without room an upload is refused in a way that Azure's clients do not retry, and nothing half is left."""
    job = own_service.job("main")
    job.save("deps")
    room = 2 * MIB
    resource.prlimit(own_service.process.pid, resource.RLIMIT_FSIZE, (room, room))
    url = job.reserve("more")
    assert put_blob(url, bytes(3 * MIB)).status_code == 507
    assert sum(part.stat().st_size for part in own_service.home.staging.iterdir()) == 0
    assert job.finalize("more", 3 * MIB).status_code == 404
    assert job.keys() == ["deps"]
    put_blob(url, b"less")
    assert job.finalize("more", 4).json()["ok"]
    assert job.restore("more") == ("more", b"less")


def test_a_full_database(own_service: Served) -> None:
    """Without room for a row nothing is reserved, which is told as a full disk; what is kept can be restored."""
    job = own_service.job("main")
    job.save("deps")
    resource.prlimit(own_service.process.pid, resource.RLIMIT_FSIZE, (1, 1))
    assert job.cache("CreateCacheEntry", key="more").status_code == 507
    assert job.restore("deps") == ("deps", b"content")


@pytest.mark.parametrize(
    "request_", [b"GET\r\n\r\n", b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: " + b"x" * 100_000 + b"\r\n\r\n"]
)
def test_what_is_no_http(served: Served, request_: bytes) -> None:
    """Noise on the port ends that connection alone."""
    host, _, port = served.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as noisy:
        noisy.sendall(request_)
        assert noisy.recv(100)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 431", b"HTTP/1.1 404"}
    assert send("GET", served.address).status_code == 404


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 5000, "0" * 5000])
def test_numbers_without_bounds(faulty: Start, digits: str) -> None:
    """A number of a path that nothing can have is not found; one of a query is brought within bounds."""
    with faulty() as job:
        job.save("k")
        for method, path in (
            ("GET", "pulls/{}"),
            ("GET", "actions/artifacts/{}"),
            ("DELETE", "actions/artifacts/{}"),
            ("GET", "actions/artifacts/{}/zip"),
            ("GET", "actions/runs/{}/artifacts"),
            ("DELETE", "actions/caches/{}"),
        ):
            assert job.rest(path.format(digits), method=method).status_code == 404
        for method in ("PATCH", "POST"):
            assert job.v1(method, f"caches/{digits}").status_code == 404
        page = job.rest(f"actions/caches?page={digits}&per_page={digits}")
        assert page.status_code == 200

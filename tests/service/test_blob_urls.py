"""Signed URLs take uploads as Azure's block blobs do, and give ranges."""

import base64
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from dockcache_tui.actions_service.access import BlobAccess
from service.serving import TIMEOUT, Job, get, put_blob, put_block, put_block_list, send

CONTENT = bytes(range(256)) * 40


def block_id(number: int) -> str:
    """Return an id as Go's client makes them: 64 bytes in base64, with characters that URLs escape."""
    return base64.b64encode(b"\xfb\xff" * 8 + number.to_bytes(4) + bytes(44)).decode()


@contextmanager
def half_a_block(url: str) -> Iterator[socket.socket]:
    """Send the first half of a block of 100,000 bytes, once it is read, and keep the connection for the rest."""
    where = urlsplit(url)
    assert where.hostname
    assert where.port
    with socket.create_connection((where.hostname, where.port), timeout=TIMEOUT) as half:
        target = f"{where.path}?{where.query}&comp=block&blockid=MQ%3D%3D"
        headers = "Host: x\r\nContent-Length: 100000\r\nExpect: 100-continue"
        half.sendall(f"PUT {target} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        assert half.recv(100).startswith(b"HTTP/1.1 100")
        half.sendall(b"#" * 50_000)
        yield half


def test_an_upload_in_one_request(job: Job) -> None:
    """A small blob is one PUT, answered 201 with the x-ms-request-id that BuildKit crashes without."""
    answer = put_blob(job.reserve("k"), CONTENT)
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["x-ms-request-id"]
    assert job.finalize("k", len(CONTENT)).json()["ok"]
    assert job.restore("k") == ("k", CONTENT)


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3]),
        ([3, 1, 0, 2], [0, 1, 2, 3]),
        ([0, 1, 2, 3], [2, 0]),
        ([0, 1, 2, 3], [0, 1]),
        ([0, 1, 1, 0], [0, 1]),
        ([0, 1], [0, 0, 1]),
        ([5], [5]),
    ],
)
def test_an_upload_in_blocks(job: Job, sent: list[int], listed: list[int]) -> None:
    """Blocks count by their ids in the order of the list, in whatever order and how often they came."""
    url = job.reserve("k")
    blocks = {number: f"{number}-{repeat}".encode() * 1000 for repeat, number in enumerate(sent)}
    for repeat, number in enumerate(sent):
        answer = put_block(url, block_id(number), f"{number}-{repeat}".encode() * 1000)
        assert (answer.status_code, bool(answer.headers["x-ms-request-id"])) == (201, True)
    answer = put_block_list(url, [block_id(number) for number in listed])
    assert (answer.status_code, bool(answer.headers["x-ms-request-id"])) == (201, True)
    whole = b"".join(blocks[number] for number in listed)
    assert job.finalize("k", len(whole)).json()["ok"]
    assert job.restore("k") == ("k", whole)


def test_the_last_commit_counts(job: Job) -> None:
    """A blob may be committed again until it is finished."""
    url = job.reserve("k")
    put_blob(url, b"first content")
    for number in (1, 2):
        put_block(url, block_id(number), b"%d" % number)
    put_block_list(url, [block_id(2), block_id(1)])
    put_block_list(url, [block_id(1), block_id(2)])
    assert job.finalize("k", 2).json()["ok"]
    assert job.restore("k") == ("k", b"12")


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ({"comp": "blocklist"}, b"<BlockList><Latest>bm9uZQ==</Latest></BlockList>", 400, "InvalidBlockList"),
        ({"comp": "blocklist"}, b"no list", 400, "InvalidXmlDocument"),
        ({"comp": "block"}, b"x", 400, "InvalidInput"),
        ({"comp": "other"}, b"x", 400, "InvalidInput"),
    ],
)
def test_what_azure_refuses(job: Job, query: dict[str, str], body: bytes, status: int, code: str) -> None:
    """A block that never came, a body that is no list, and what is no upload have Azure's error codes."""
    answer = send("PUT", job.reserve("k"), params=query, data=body)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code)
    assert job.finalize("k", 1).status_code == 404


def test_a_length_must_be_told(job: Job) -> None:
    """An upload in chunks of unknown length is refused with 411."""
    answer = send("PUT", job.reserve("k"), data=iter([b"a", b"b"]))
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (411, "MissingContentLengthHeader")


def test_an_upload_that_is_cut_off_leaves_nothing(job: Job) -> None:
    """Half a block is no block; the same one again is, and nothing of the first half is in it."""
    url = job.reserve("k")
    with half_a_block(url):
        pass
    assert put_block_list(url, ["MQ=="]).headers["x-ms-error-code"] == "InvalidBlockList"
    assert job.finalize("k", 50000).status_code == 404
    put_block(url, "MQ==", CONTENT)
    put_block_list(url, ["MQ=="])
    assert job.finalize("k", len(CONTENT)).json()["ok"]
    assert job.restore("k") == ("k", CONTENT)


def test_a_straggling_block_changes_nothing(job: Job) -> None:
    """A block that is still arriving when the upload is finished without it is no part of what is read then."""
    url = job.reserve("k")
    put_block(url, "Mg==", CONTENT)
    with half_a_block(url) as straggler:
        put_block_list(url, ["Mg=="])
        assert job.finalize("k", len(CONTENT)).json()["ok"]
        straggler.sendall(b"#" * 50_000)
        assert straggler.recv(100).startswith(b"HTTP/1.1 201")
    assert job.restore("k") == ("k", CONTENT)
    found = job.url_of("k")
    assert found
    assert get(found[1]).headers["content-length"] == str(len(CONTENT))


def test_an_upload_is_over_when_it_is_finished(job: Job) -> None:
    """The URL of a finished upload changes nothing any more."""
    url = job.reserve("k")
    put_blob(url, CONTENT)
    job.finalize("k", len(CONTENT))
    assert put_blob(url, b"changed").headers["x-ms-error-code"] == "BlobNotFound"
    assert put_block(url, "MQ==", b"changed").status_code == 404
    assert job.restore("k") == ("k", CONTENT)


@pytest.mark.parametrize(
    ("headers", "status", "start", "end"),
    [
        ({}, 200, 0, None),
        ({"x_ms_range": "bytes=100-"}, 206, 100, None),
        ({"x_ms_range": "bytes=100-199"}, 206, 100, 200),
        ({"Range": "bytes=100-199"}, 206, 100, 200),
        ({"Range": "bytes=0-0"}, 206, 0, 1),
        ({"Range": "bytes=-5"}, 206, len(CONTENT) - 5, None),
        ({"Range": "bytes=0-1", "x_ms_range": "bytes=5-9"}, 206, 5, 10),
        ({"Range": "bytes=10-999999"}, 206, 10, None),
    ],
)
def test_ranges(job: Job, headers: dict[str, str], status: int, start: int, end: int | None) -> None:
    """Range and Azure's x-ms-range both give exactly the bytes asked for, and say so."""
    job.save("k", CONTENT)
    found = job.url_of("k")
    assert found
    answer = get(found[1], **headers)
    assert (answer.status_code, answer.content) == (status, CONTENT[start:end])
    assert "content-encoding" not in answer.headers
    last = (len(CONTENT) if end is None else end) - 1
    expected = f"bytes {start}-{last}/{len(CONTENT)}" if status == 206 else None
    assert answer.headers.get("content-range") == expected


@pytest.mark.parametrize(
    "asked",
    [
        "junk", "", "=", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-2", "bytes=1-x", "bytes=--5",
        "bytes=+1-2", "bytes=1_0-2", "bytes= - ", "items=0-1", "bytes=0-1,4-5", "bytes=0-0," * 2000, "bytes=\u0661-2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Range", "x-ms-range"])
def test_an_odd_range_is_ignored(job: Job, name: str, asked: str) -> None:
    """What is no single range of bytes gives the whole blob."""
    job.save("k", CONTENT)
    found = job.url_of("k")
    assert found
    answer = send("GET", found[1], headers={name: asked.encode()})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("asked", "status"), [("9" * 5000 + "-", 416), ("0-" + "9" * 5000, 206), ("-" + "9" * 5000, 206), ("-0", 416)]
)
def test_a_range_of_any_length(job: Job, asked: str, status: int) -> None:
    """Numbers of any length are read as numbers."""
    job.save("k", CONTENT)
    found = job.url_of("k")
    assert found
    assert send("GET", found[1], headers={"Range": f"bytes={asked}"}).status_code == status


@pytest.mark.parametrize("name", ["Range", "x-ms-range"])
def test_a_range_beyond_the_end(job: Job, name: str) -> None:
    """A range that begins after the end is 416 with the size."""
    job.save("k", CONTENT)
    found = job.url_of("k")
    assert found
    answer = send("GET", found[1], headers={name: f"bytes={len(CONTENT)}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")


def test_a_head_tells_the_size(job: Job) -> None:
    """HEAD answers with the length and no body."""
    job.save("k", CONTENT)
    found = job.url_of("k")
    assert found
    answer = send("HEAD", found[1])
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(len(CONTENT)), b"")
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_blob_that_is_gone(job: Job) -> None:
    """The URL of a deleted cache answers 404 at once, before it ends."""
    number = job.save("k")
    found = job.url_of("k")
    assert found
    assert job.rest(f"actions/caches/{number}", "DELETE").status_code == 204
    assert get(found[1]).headers["x-ms-error-code"] == "BlobNotFound"


@pytest.mark.parametrize(("permission", "seconds"), [("cw", 3600), ("r", 600)])
def test_urls_end(job: Job, permission: str, seconds: int) -> None:
    """An upload may last an hour, a download must begin within ten minutes."""
    job.save("old")
    found = job.url_of("old")
    assert found
    url = job.reserve("k") if permission == "cw" else found[1]
    claims = jwt.decode(parse_qs(urlsplit(url).query)["sig"][0], options={"verify_signature": False})
    assert claims["sp"] == permission
    assert abs(claims["exp"] - time.time() - seconds) < 60


def _expired(job: Job, blob: str) -> str:
    return job.served.signer.url_signature(BlobAccess(blob, "r"), -1)


def _for_writing(job: Job, blob: str) -> str:
    return job.served.signer.url_signature(BlobAccess(blob, "cw"), 60)


def _for_another(job: Job, blob: str) -> str:
    return job.served.signer.url_signature(BlobAccess(blob[::-1], "r"), 60)


def _unsigned(_job: Job, _blob: str) -> str:
    return ""


def _forged(job: Job, blob: str) -> str:
    return jwt.encode({"aud": "blob", "blob": blob, "sp": "r", "exp": time.time() + 60}, job.token * 2)


def _by_token(job: Job, _blob: str) -> str:
    return job.token


@pytest.mark.parametrize("signature", [_expired, _for_writing, _for_another, _unsigned, _forged, _by_token])
def test_a_url_opens_one_blob_one_way_for_a_while(job: Job, signature: Callable[[Job, str], str]) -> None:
    """Without the very signature a URL answers 403, after which BuildKit asks for a new one."""
    job.save("k")
    found = job.url_of("k")
    assert found
    place = found[1].partition("?")[0]
    answer = get(f"{place}?sig={signature(job, place.rpartition('/')[2])}")
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    assert b"content" not in answer.content


def test_urls_have_three_parts_in_their_path(job: Job) -> None:
    """Azure's JavaScript client reads account, container and blob from the path of an IP address."""
    assert urlsplit(job.reserve("k")).path.count("/") == 3


def test_urls_lead_where_the_client_came_from(job: Job) -> None:
    """A client that reached the service under another name gets URLs of that name."""
    url = f"{job.served.address}/twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry"
    headers = {"Authorization": f"Bearer {job.token}", "Host": "host.docker.internal:1234"}
    answer = send("POST", url, json={"key": "k", "version": "0" * 64}, headers=headers)
    assert answer.json()["signed_upload_url"].startswith("http://host.docker.internal:1234/")

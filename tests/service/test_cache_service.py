"""The cache service v2 answers as GitHub's was measured to."""

from uuid import uuid4

import pytest

from dockcache_tui.actions_service.access import READ, WRITE, Grant
from service.serving import VERSION, Job, Served, put_blob, send

TAKEN = {"code": "already_exists", "msg": "cache entry with the same key, version, and scope already exists"}
MISS = {"ok": False, "signed_download_url": "", "matched_key": ""}


def test_a_saved_cache_is_restored(job: Job) -> None:
    """What was saved under a key comes back whole."""
    job.save("deps-1", b"the content")
    assert job.restore("deps-1") == ("deps-1", b"the content")


def test_a_miss_is_no_error(job: Job) -> None:
    """A key that was never saved answers 200 with ok false, as BuildKit expects of a miss."""
    answer = job.cache("GetCacheEntryDownloadURL", key="never", restore_keys=["never"])
    assert (answer.status_code, answer.json()) == (200, MISS)


def test_an_entry_never_changes(job: Job) -> None:
    """A key that was saved can't be saved again: 409 with Twirp's already_exists."""
    job.save("deps", b"first")
    again = job.cache("CreateCacheEntry", key="deps")
    assert (again.status_code, again.json()) == (409, TAKEN)
    assert job.restore("deps") == ("deps", b"first")


def test_a_reservation_takes_the_key(job: Job) -> None:
    """A key that was only reserved is taken too, though nobody sees it yet."""
    job.reserve("deps")
    assert job.cache("CreateCacheEntry", key="deps").json() == TAKEN
    assert job.restore("deps") is None
    assert job.keys() == []


def test_the_entry_id_is_text(job: Job) -> None:
    """Go's client reads entry_id into a string."""
    put_blob(job.reserve("deps"), b"12345")
    answer = job.finalize("deps", 5).json()
    assert answer["ok"] is True
    assert isinstance(answer["entry_id"], str)


@pytest.mark.parametrize("size", [5, "5"])
def test_a_size_may_be_a_number_or_text(job: Job, size: object) -> None:
    """Go sends int64 as a number, JavaScript as a string."""
    put_blob(job.reserve("deps"), b"12345")
    assert job.cache("FinalizeCacheEntryUpload", key="deps", size_bytes=size).json()["ok"] is True


@pytest.mark.parametrize(
    ("size", "status", "code"), [(4, 404, "not_found"), (6, 404, "not_found"), (0, 400, "invalid_argument")]
)
def test_a_wrong_size_is_refused(job: Job, size: int, status: int, code: str) -> None:
    """An upload of another size than was told stays unseen, and can still be finished rightly."""
    put_blob(job.reserve("deps"), b"12345")
    refused = job.finalize("deps", size)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert job.restore("deps") is None
    assert job.finalize("deps", 5).json()["ok"] is True


def test_nothing_is_finished_before_it_came(job: Job) -> None:
    """A reservation without an upload, and a key without a reservation, can't be finished."""
    job.reserve("reserved")
    for key in ("reserved", "unknown"):
        assert job.finalize(key, 5).json() == {"code": "not_found", "msg": "cache entry not found"}


@pytest.mark.parametrize("key", ["a", "k" * 512, "with,comma", "blank and ü and 漢", "<b>&\"'%00\n", "a\0b"])
def test_any_key_is_a_key(job: Job, key: str) -> None:
    """Any 1 to 512 characters name a cache, and come back as they were."""
    job.save(key)
    assert job.restore(key) == (key, b"content")
    assert job.keys() == [key]


@pytest.mark.parametrize(
    "body",
    [
        {"key": ""},
        {"key": "k" * 513},
        {"key": "k", "version": "0" * 63},
        {"key": "k", "version": "G" * 64},
        {"key": "k", "version": ""},
    ],
)
@pytest.mark.parametrize("method", ["CreateCacheEntry", "GetCacheEntryDownloadURL"])
def test_what_is_no_key_or_version_is_refused(job: Job, method: str, body: dict[str, str]) -> None:
    """Keys have 1 to 512 characters and versions are 64 hexadecimal digits."""
    answer = job.cache(method, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"key":1,"version":"2"}', b'{"version":"2"}', b'{"key":"\xff"}'])
def test_what_is_no_request_is_refused(job: Job, body: bytes) -> None:
    """A body that is not the message's JSON is malformed, not a fault of the service."""
    url = f"{job.served.address}/twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry"
    answer = send("POST", url, data=body, headers={"Authorization": f"Bearer {job.token}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("path", ["CacheService/DeleteCacheEntry", "CacheService/", "OtherService/CreateCacheEntry"])
def test_there_are_no_other_methods(job: Job, path: str) -> None:
    """What GitHub's service does not have answers Twirp's bad_route."""
    answer = send("POST", f"{job.served.address}/twirp/github.actions.results.api.v1.{path}", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "bad_route")


def test_fields_that_are_not_known_are_ignored(job: Job) -> None:
    """Clients may send metadata; what counts is the token."""
    metadata = {"repository_id": "1", "scope": [{"scope": "refs/heads/other", "permission": "3"}]}
    url = job.reserve("deps", metadata=metadata, later="field")
    put_blob(url, b"12345")
    assert job.finalize("deps", 5, metadata=metadata).json()["ok"] is True
    assert job.also("other").restore("deps") is None


# What a restore hits.

SAVES = {
    "main": ["deps-1", "deps-2", "Deps-3", "other-1"],
    "topic": ["deps-20", "topic-1"],
    "sibling": ["deps-9", "sibling-1"],
}
"""Keys by branch, saved in this order, the branches in theirs."""


@pytest.fixture(scope="module")
def library(served: Served) -> Job:
    """A job on topic, whose default branch is main and whose sibling is sibling."""
    topic = served.job("topic", "main")
    for branch, keys in SAVES.items():
        for key in keys:
            topic.also(branch).save(key, f"{branch} {key}".encode())
    return topic


@pytest.mark.parametrize(
    ("keys", "hit"),
    [
        (["deps-1"], "main deps-1"),
        (["deps-2"], "topic deps-20"),
        (["deps-"], "topic deps-20"),
        (["Deps-"], "main Deps-3"),
        (["other"], "main other-1"),
        (["none", "deps-1"], "main deps-1"),
        (["none", "none either", "topic", "deps"], "topic topic-1"),
        (["none", "deps", "topic"], "topic deps-20"),
        (["sibling-1", "sibling"], None),
        (["deps-9"], None),
        (["1"], None),
        (["DEPS-1"], None),
        (["%"], None),
        (["deps_1"], None),
    ],
)
def test_a_restore_asks_ref_by_ref(library: Job, keys: list[str], hit: str | None) -> None:
    """Own ref first, then the default branch, never a sibling; in each the exact key, then prefixes, newest first."""
    restored = library.restore(*keys)
    assert (restored and restored[1].decode()) == hit


def test_the_newest_of_a_prefix_wins(job: Job) -> None:
    """Of several keys with the prefix the one created last is restored, whatever was accessed last."""
    for key in ("index-x-1-abc#1", "index-x-1-abc#10", "index-x-1-abc#2"):
        job.save(key, key.encode())
    assert job.restore("index-x-1-abc#10") == ("index-x-1-abc#10", b"index-x-1-abc#10")
    assert job.restore("index-x-1-abc#") == ("index-x-1-abc#2", b"index-x-1-abc#2")


def test_the_exact_key_beats_a_newer_prefix(job: Job) -> None:
    """A key that is also the prefix of a newer one is still found exactly."""
    job.save("deps", b"exact")
    job.save("deps-newer", b"newer")
    assert job.restore("deps") == ("deps", b"exact")


def test_the_version_must_match(job: Job) -> None:
    """The same key with another version is another entry."""
    job.save("deps", b"one")
    other = VERSION[::-1]
    assert job.restore("deps", version=other) is None
    job.save("deps", b"two", version=other)
    assert job.restore("deps") == ("deps", b"one")
    assert job.restore("deps", version=other) == ("deps", b"two")


def test_a_pull_request_restores_own_base_default(served: Served) -> None:
    """A pull request restores its merge ref's, its base's and the default branch's caches, in that order."""
    pull = served.job("refs/pull/7/merge", "release", "main")
    for branch in ("main", "release"):
        pull.also(branch).save("deps", branch.encode())
    assert pull.restore("deps") == ("deps", b"release")
    pull.save("deps", b"pull")
    assert pull.restore("deps") == ("deps", b"pull")
    assert pull.also("release", "main").restore("deps") == ("deps", b"release")
    assert served.job("refs/pull/8/merge", "main", repo=pull.repo).restore("deps") == ("deps", b"main")


def test_another_repository_sees_nothing(job: Job) -> None:
    """The same ref and key of another repository is another entry."""
    job.save("deps")
    assert job.served.job("main").restore("deps") is None


def test_a_read_only_token_can_not_save(served: Served) -> None:
    """Without a writable scope a reservation is refused with ok false, and nothing is taken."""
    reader = served.job("main", read_only=True)
    answer = reader.cache("CreateCacheEntry", key="deps")
    expected = {
        "ok": False,
        "signed_upload_url": "",
        "message": "cache write denied: token has no writable scopes",
    }
    assert (answer.status_code, answer.json()) == (200, expected)
    reader.also("main").save("deps")
    assert reader.restore("deps") == ("deps", b"content")


def test_a_write_only_token_can_not_restore(served: Served) -> None:
    """Without a readable scope a lookup is refused with 403."""
    writer = Job(served, Grant(f"tests/{uuid4().hex}", (("refs/heads/main", WRITE),)))
    writer.save("deps")
    answer = writer.cache("GetCacheEntryDownloadURL", key="deps")
    denied = {"code": "permission_denied", "msg": "cache read denied: token has no readable scopes"}
    assert (answer.status_code, answer.json()) == (403, denied)


def test_of_several_writable_scopes_the_last_counts(served: Served) -> None:
    """BuildKit names its index after the last writable scope of a token; the entry is there too."""
    both = READ | WRITE
    scopes = (("refs/heads/a", both), ("refs/heads/b", both), ("refs/heads/c", READ))
    saver = Job(served, Grant(f"tests/{uuid4().hex}", scopes))
    saver.save("deps")
    assert saver.also("a").restore("deps") is None
    assert saver.also("b").restore("deps") is not None

"""Killed at any moment, written by many at once, with large bodies: nothing half, nothing lost, little memory."""

import contextlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import requests

from service.serving import Job, Served, put_blob, put_block, put_block_list, send

MIB = 1 << 20
ROUNDS = 6


class Saver(threading.Thread):
    """Saves caches named for their content until the service is gone, and remembers what was acknowledged."""

    def __init__(self, job: Job, seed: int) -> None:
        """Draw the contents from a seed."""
        super().__init__()
        self.job = job
        self.random = random.Random(seed)  # noqa: S311
        self.acknowledged: list[str] = []

    def run(self) -> None:
        """Save in blocks or in one piece, as the sizes come."""
        with contextlib.suppress(requests.RequestException):
            while True:
                content = self.random.randbytes(self.random.randrange(1, 3 * MIB))
                key = sha256(content).hexdigest()
                self._upload(self.job.reserve(key), content)
                if self.job.finalize(key, len(content)).json()["ok"]:
                    self.acknowledged.append(key)

    def _upload(self, url: str, content: bytes) -> None:
        if len(content) < MIB:
            put_blob(url, content)
            return
        pieces = [content[start : start + MIB] for start in range(0, len(content), MIB)]
        order = list(range(len(pieces)))
        self.random.shuffle(order)
        for number in order:
            put_block(url, f"{number:04}", pieces[number])
        put_block_list(url, [f"{number:04}" for number in range(len(pieces))])


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """After each kill every listed cache is whole, every acknowledged one is there, and nothing else is on disk."""
    acknowledged: set[str] = set()
    repo = "tests/killed"
    for round_ in range(ROUNDS):
        served = Served(tmp_path)
        savers = [Saver(served.job("main", repo=repo), 100 * round_ + number) for number in range(3)]
        for saver in savers:
            saver.start()
        time.sleep(random.Random(round_).uniform(0.05, 0.5))  # noqa: S311
        while not round_ and not any(saver.acknowledged for saver in savers):
            assert any(saver.is_alive() for saver in savers)
            time.sleep(0.01)
        served.kill()
        for saver in savers:
            saver.join()
            acknowledged.update(saver.acknowledged)
    served = Served(tmp_path)
    try:
        job = served.job("main", repo=repo)
        found = {key: job.restore(key) for key in _all_keys(job)}
        assert acknowledged <= set(found)
        assert acknowledged
        assert all(restored and sha256(restored[1]).hexdigest() == key for key, restored in found.items())
        assert len(list(served.home.blobs.iterdir())) == len(found)
        assert list(served.home.staging.iterdir()) == []
    finally:
        served.stop()


def _all_keys(job: Job) -> list[str]:
    keys: list[str] = []
    path: str | None = "actions/caches?per_page=100&sort=created_at"
    while path:
        answer = job.rest(path)
        keys += [cache["key"] for cache in answer.json()["actions_caches"]]
        path = answer.links.get("next", {}).get("url", "").removeprefix(job.served.address)
    return keys


def test_a_killed_upload_frees_its_key(tmp_path: Path) -> None:
    """After a restart the key of an upload that was under way can be saved again, and its bytes are gone."""
    served = Served(tmp_path)
    job = served.job("main", repo="tests/served")
    url = job.reserve("deps")
    put_blob(url, b"half")
    served.kill()
    # A kill between the blob's move and its row leaves this.
    (served.home.blobs / ("0" * 32)).write_bytes(b"half")
    again = Served(tmp_path)
    try:
        later = Job(again, job.grant)
        assert put_blob(url.replace(served.address, again.address), b"half").status_code == 404
        later.save("deps", b"whole")
        assert later.restore("deps") == ("deps", b"whole")
        assert len(list(again.home.blobs.iterdir())) == 1
    finally:
        again.stop()


def test_the_same_key_at_once(job: Job) -> None:
    """Of many jobs that save the same key at once one gets it, and its content is what is there."""
    jobs = [job.also("main") for _ in range(12)]

    def save(number: int) -> bool:
        answer = jobs[number].cache("CreateCacheEntry", key="deps")
        if answer.status_code == 409:
            return False
        put_blob(answer.json()["signed_upload_url"], b"%03d" % number * 50_000)
        return bool(jobs[number].finalize("deps", 150_000).json()["ok"])

    with ThreadPoolExecutor(12) as pool:
        saved = list(pool.map(save, range(12)))
    assert sum(saved) == 1
    assert job.restore("deps") == ("deps", b"%03d" % saved.index(True) * 50_000)


def test_the_same_url_at_once(job: Job) -> None:
    """Whole uploads that race on one URL leave one of the contents, not a mixture."""
    url = job.reserve("deps")
    contents = [bytes([number]) * (2 * MIB) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status_code for answer in pool.map(lambda content: put_blob(url, content), contents)} == {201}
    assert job.finalize("deps", 2 * MIB).json()["ok"]
    restored = job.restore("deps")
    assert restored
    assert restored[1] in contents


def test_memory_stays_flat(own_service: Served, tmp_path: Path) -> None:
    """256 MB in one piece, 256 MB in blocks of 32 MB at once, and reading them back take little memory."""
    job = own_service.job("main")
    job.save("warm", b"x" * MIB)
    before = _peak(own_service)
    whole, blocks = 256 * MIB, 8
    with (tmp_path / "large").open("w+b") as large:
        large.truncate(whole)
        assert send("PUT", job.reserve("whole"), data=large).status_code == 201
    assert job.finalize("whole", whole).json()["ok"]
    url = job.reserve("blocks")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: put_block(url, f"{number:04}", bytes(32 * MIB)), range(blocks)))
    put_block_list(url, [f"{number:04}" for number in reversed(range(blocks))])
    assert job.finalize("blocks", blocks * 32 * MIB).json()["ok"]
    for key in ("whole", "blocks"):
        assert _read(job, key) == whole
    assert _peak(own_service) - before < 48 * MIB
    assert _peak(own_service) < 150 * MIB


def _read(job: Job, key: str) -> int:
    found = job.url_of(key)
    assert found
    with requests.get(found[1], stream=True, timeout=30) as answer:
        return sum(len(piece) for piece in answer.iter_content(MIB))


def _peak(served: Served) -> int:
    """Return the most memory the service ever had, in bytes."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024

"""Time the client and the service of Actions caches: `benchmarks/actions.py [--only client|service|large] [--json]`.

*client*: medians in seconds to read 10,000 caches of a service that answers 100 ms late, until the first rows and
until all are there, with all that surrounds them; beside it one pager that asks page by page for the caches alone.

*service*: BuildKit's gha cache on the local service beside its type=local cache. Medians in seconds over the same
500 MB of layers on the same disk, the two taking turns: *export* of a build that is all cached, *import* by an emptied
builder that then runs one more step. Beside them the service's peak memory.

*large*: one cache of 5 GB through the service, made as it is sent, in blocks of which four are on their way at once,
and compared as it comes back; the seconds of each way and the service's peak memory.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter

import requests

from dockcache_tui.actions_service.access import READ, WRITE, Grant, Signer
from dockcache_tui.actions_service.home import Home
from dockcache_tui.actions_service.service import open_database
from dockcache_tui.core.instant import Instant
from dockcache_tui.lab import engine as lab
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.gate import Gate
from dockcache_tui.sources.github.place import GitHubPlace
from dockcache_tui.sources.github.source import PATIENCE, GitHubActions
from dockcache_tui.sources.secret import Secret

CACHES, PAGE, DELAY = 10_000, 100, 0.1
REPO = "bench/bench"
LAYERS, LAYER_MB = 5, 100
RUNS = 3
BUILDER = "dockcache-benchmark"
MB = 10**6
LARGE_BLOCKS, BLOCK_MB, AT_ONCE = 80, 64, 4


@dataclass(frozen=True, slots=True)
class Timing:
    """One direction: seconds for each cache, lowest to highest of its runs, and how many times type=local it took."""

    step: str
    gha: float
    gha_spread: tuple[float, float]
    local: float
    local_spread: tuple[float, float]
    ratio: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A builder of our own, a project and a service."""

    engine: lab.Engine
    folder: Path
    process: "subprocess.Popen[bytes]"

    def build(self, run: int, target: str, *words: str) -> float:
        """Build a target as a job on the run's own branch, and return the seconds it took."""
        command = ["docker", "buildx", "build", "--builder", BUILDER, "--target", target, "--output", "type=cacheonly"]
        job = self._job(f"run{run}")
        started = perf_counter()
        self._run(*command, *words, str(self.folder / "context"), **job)
        return perf_counter() - started

    def empty(self) -> None:
        """Empty the builder."""
        self._run("docker", "buildx", "prune", "--builder", BUILDER, "--all", "--force")

    def _run(self, *words: str, **environment: str) -> None:
        subprocess.run(words, env=self.engine.variables | environment, check=True, capture_output=True, timeout=600)

    def _job(self, branch: str) -> dict[str, str]:
        words = ("service", "env", "--ref", branch, "--default", branch, "--data", str(self.folder / "data"))
        lines = subprocess.run(_ours(*words), check=True, capture_output=True, text=True).stdout.splitlines()
        pairs = (shlex.split(line)[1].partition("=") for line in lines)
        return {name: value for name, _, value in pairs}


def peak(process: "subprocess.Popen[bytes]") -> int:
    """Return a process's peak memory in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _ours(*words: str) -> list[str]:
    return [sys.executable, "-c", "from dockcache_tui.cli.main import main; main()", *words]


@contextmanager
def prepared() -> Iterator[Bench]:
    """Prepare a bench, and take it away."""
    home = lab.default_home()
    folder = Path(mkdtemp(dir=home.parent))
    with lab.borrow(home, lab.narrate, builders=True) as engine:
        remote = lab.Remote(engine, BUILDER)
        remote.start()
        try:
            with serving(folder / "data") as (process, _):
                _write_project(folder / "context")
                yield Bench(engine, folder, process)
        finally:
            remote.remove()
            shutil.rmtree(folder)


@contextmanager
def serving(data: Path, *options: str) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """Run a service; yields its process and address."""
    words = ("service", "--port", "0", "--data", str(data), "--repo", REPO, "--limit", "100GB", *options)
    with subprocess.Popen(_ours(*words), stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().decode().strip()
        finally:
            process.terminate()


def _write_project(context: Path) -> None:
    """Write a project of layers that no compression makes smaller."""
    context.mkdir()
    lines = ["FROM busybox AS made"]
    for number in range(LAYERS):
        (context / f"layer{number}").write_bytes(os.urandom(LAYER_MB * 10**6))
        lines.append(f"COPY layer{number} /")
    (context / "Dockerfile").write_text("\n".join([*lines, "FROM made AS more", "ARG RUN", "RUN echo $RUN >/done"]))


def _local(place: Path) -> tuple[str, str]:
    return "--cache-to", f"type=local,mode=max,dest={place}"


def measure(bench: Bench) -> list[Timing]:
    """Time exports and imports of both caches in turns."""
    exports: dict[str, list[float]] = {"gha": [], "local": []}
    imports: dict[str, list[float]] = {"gha": [], "local": []}
    for run in range(RUNS):
        place = bench.folder / "local"
        # The first export compresses the layers, and both keep what it made.
        bench.build(run, "made", *_local(bench.folder / "first"))
        caches = {"gha": ("type=gha", "type=gha"), "local": (f"type=local,dest={place}", f"type=local,src={place}")}
        for name in sorted(caches, reverse=bool(run % 2)):
            exports[name].append(bench.build(run, "made", "--cache-to", f"{caches[name][0]},mode=max"))
        for name in sorted(caches, reverse=bool(run % 2)):
            bench.empty()
            imports[name].append(bench.build(run, "more", "--build-arg", f"RUN={run}", "--cache-from", caches[name][1]))
        bench.empty()
        for folder in ("first", "local"):
            shutil.rmtree(bench.folder / folder)
    return [_timing("export", exports), _timing("import", imports)]


def _timing(step: str, seconds: dict[str, list[float]]) -> Timing:
    gha, local = seconds["gha"], seconds["local"]
    spreads = (min(gha), max(gha)), (min(local), max(local))
    return Timing(step, median(gha), spreads[0], median(local), spreads[1], median(gha) / median(local))


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the caches: medians in seconds, the lowest and highest of its runs beside them."""

    reader: str
    first: float
    first_spread: tuple[float, float]
    all: float
    all_spread: tuple[float, float]


def measure_client() -> list[Reading]:
    """Time our client and a sequential pager in turns, each with nothing kept of the run before."""
    seconds: dict[str, list[tuple[float, float]]] = {"client": [], "pager": []}
    readers: dict[str, Callable[[str, str], Iterator[int]]] = {"client": _client, "pager": _pager}
    with TemporaryDirectory() as folder:
        home = Home(Path(folder, "data"))
        home.make()
        _fill(home)
        with serving(home.folder, "--fault", f"rest:delay={DELAY}") as (_, address):
            token = Signer(home.secret()).rest_token(write=False)
            for run in range(RUNS):
                for name in sorted(readers, reverse=bool(run % 2)):
                    seconds[name].append(_read(readers[name](address, token)))
    return [_reading(name, found) for name, found in seconds.items()]


@dataclass(frozen=True, slots=True)
class Large:
    """One large cache: seconds there and back, and the service's peak memory before and after it."""

    size: int
    upload: float
    download: float
    idle_bytes: int
    peak_bytes: int


class Block:
    """A block of pseudorandom bytes that is never in memory as a whole."""

    def __init__(self, number: int) -> None:
        """Begin with its first megabyte."""
        self._left = iter(range(number * BLOCK_MB, (number + 1) * BLOCK_MB))
        self._piece = b""

    def __len__(self) -> int:
        """Return the bytes of all of it."""
        return BLOCK_MB * MB

    def read(self, most: int = MB, /) -> bytes:
        """Return the next bytes, none at the end."""
        if not self._piece:
            number = next(self._left, None)
            self._piece = b"" if number is None else _megabyte(number)
        piece, self._piece = self._piece[:most], self._piece[most:]
        return piece


def _megabyte(number: int) -> bytes:
    return Random(number).randbytes(MB)  # noqa: S311 - not a secret, but the same again


def measure_large() -> Large:
    """Save and restore one large cache, comparing every byte."""
    home = lab.default_home().parent
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home) as folder, serving(Path(folder)) as (process, address):
        grant = Grant(REPO, (("refs/heads/main", READ | WRITE),))
        token = Signer(Home(Path(folder)).secret()).runtime_token(grant)
        idle, started = peak(process), perf_counter()
        url = _call(address, token, "CreateCacheEntry")["signed_upload_url"]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(
                pool.map(
                    lambda number: _put(url, Block(number), comp="block", blockid=f"{number:04}"), range(LARGE_BLOCKS)
                )
            )
        listed = "".join(f"<Latest>{number:04}</Latest>" for number in range(LARGE_BLOCKS))
        _put(url, f"<BlockList>{listed}</BlockList>", comp="blocklist")
        size = LARGE_BLOCKS * BLOCK_MB * MB
        _call(address, token, "FinalizeCacheEntryUpload", size_bytes=size)
        sent = perf_counter()
        _compare(_call(address, token, "GetCacheEntryDownloadURL")["signed_download_url"])
        return Large(size, sent - started, perf_counter() - sent, idle, peak(process))


def _call(address: str, token: str, method: str, **body: object) -> Mapping[str, str]:
    url = f"{address}/twirp/github.actions.results.api.v1.CacheService/{method}"
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(url, json={"key": "large", "version": "0" * 64, **body}, headers=headers, timeout=60)
    answer.raise_for_status()
    found: Mapping[str, str] = answer.json()
    return found


def _put(url: str, body: Block | str, **params: str) -> None:
    requests.put(url, data=body, params=params, timeout=600).raise_for_status()


def _compare(url: str) -> None:
    count = 0
    with requests.get(url, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        rest = b""
        for piece in answer.iter_content(MB):
            rest += piece
            while len(rest) >= MB:
                assert rest[:MB] == _megabyte(count), count
                rest, count = rest[MB:], count + 1
    assert (count, rest) == (LARGE_BLOCKS * BLOCK_MB, b""), count


def _fill(home: Home) -> None:
    """Save caches without blobs, which a listing never reads."""
    now = Instant.now().ns
    rows = (
        (REPO, "refs/heads/main", f"Linux-npm-{number}", "v", f"blob{number}", 1000, now - number, now - number)
        for number in range(CACHES)
    )
    with closing(open_database(home.database)) as sql:
        sql.execute("BEGIN")
        columns = "repo, ref, key, version, blob, size, created, accessed"
        sql.executemany(f"INSERT INTO cache ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
        sql.execute("COMMIT")


def _read(counts: Iterable[int]) -> tuple[float, float]:
    """Return the seconds until the first rows and until all were there."""
    started, first, last = perf_counter(), 0.0, 0
    for count in counts:
        first, last = first or perf_counter() - started, count
    assert last == CACHES, last
    return first, perf_counter() - started


def _client(address: str, token: str) -> Iterator[int]:
    api = Api(GitHubPlace(address, "127.0.0.1"), Secret(token), Gate(PATIENCE), CommandLog())
    with closing(GitHubActions(api, REPO)) as source:
        for snapshot in source.read():
            yield len(snapshot.caches)


def _pager(address: str, token: str) -> Iterator[int]:
    count, url = 0, f"{address}/repos/{REPO}/actions/caches?per_page={PAGE}&sort=created_at&direction=desc"
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        while url:
            answer = session.get(url, timeout=30)
            count += len(answer.json()["actions_caches"])
            yield count
            url = answer.links.get("next", {}).get("url", "")


def _reading(reader: str, seconds: list[tuple[float, float]]) -> Reading:
    first, whole = ([pair[at] for pair in seconds] for at in (0, 1))
    return Reading(reader, median(first), (min(first), max(first)), median(whole), (min(whole), max(whole)))


def _print_client(found: list[Reading]) -> None:
    late = f"pages of {PAGE} that are {DELAY * 1000:.0f} ms late"
    print(f"{CACHES:,} caches in {late}, {RUNS} runs; seconds (lowest to highest)")
    for one in found:
        first, whole = (f"{low:.2f} to {high:.2f}" for low, high in (one.first_spread, one.all_spread))
        print(f"{one.reader:8} first rows {one.first:.2f} ({first})   all {one.all:.2f} ({whole})")
    client, pager = found
    print(f"all of it {pager.all / client.all:.1f} x as fast as one pager")


def _print_service(timings: list[Timing], most: int) -> None:
    print(f"{LAYERS * LAYER_MB} MB in {LAYERS} layers, {RUNS} runs; seconds (lowest to highest)")
    for one in timings:
        gha, local = (f"{low:.1f} to {high:.1f}" for low, high in (one.gha_spread, one.local_spread))
        print(f"{one.step:8} gha {one.gha:.1f} ({gha})   local {one.local:.1f} ({local})   {one.ratio:.2f} x")
    print(f"the service's peak memory: {most / MB:.0f} MB")


def _print_large(large: Large) -> None:
    print(f"one cache of {large.size / 10**9:.2f} GB: there {large.upload:.0f} s, back {large.download:.0f} s")
    print(f"the service's peak memory: {large.idle_bytes / MB:.0f} MB before, {large.peak_bytes / MB:.0f} MB after")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time the client and the service of Actions caches.")
    parser.add_argument("--only", choices=("client", "service", "large"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    document: dict[str, object] = {}
    if asked.only in {None, "client"}:
        readings = measure_client()
        document["client"] = [asdict(one) for one in readings]
        if not asked.json:
            _print_client(readings)
    if asked.only in {None, "service"}:
        with prepared() as bench:
            timings, most = measure(bench), peak(bench.process)
        document |= {"timings": [asdict(timing) for timing in timings], "peak_bytes": most}
        if not asked.json:
            _print_service(timings, most)
    if asked.only in {None, "large"}:
        large = measure_large()
        document["large"] = asdict(large)
        if not asked.json:
            _print_large(large)
    if asked.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()

"""Time what is read of image archives: `python benchmarks/archives.py [--only files|sparse] [--json]`.

*files*: an OCI layout of 1 GB with 50,000 files in 10 layers, as tar and as tar.zst. *sparse*: one whose layer is a
file of 30 GB, a hole on this disk. Each step is a process of its own, on a machine whose page cache is warm: *show* is
the whole command `archive show`, *index* reads all files for the first time and lists the root, *again* lists it from
what was kept. Seconds are medians of several runs (of one for 30 GB), beside them the highest peak of memory.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import BinaryIO

from dockcache_tui.cli.main import run
from dockcache_tui.sources.archives.local import LocalArchives

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LAYERS, FILES, FILE_SIZE = 10, 5_000, 20_000
SPARSE = 30 << 30
RUNS = 5
MB = 1_000_000
LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True, slots=True)
class Timing:
    """One step: median, lowest and highest seconds, and the highest peak of memory in bytes."""

    archive: str
    step: str
    seconds: float
    spread: tuple[float, float]
    peak: int


def digest_of(data: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def write_layout(file: BinaryIO, layers: Iterator[tuple[str, int]]) -> None:
    """Write what leads to the layers before it, and the end of the tar."""
    stored = [{"mediaType": LAYER, "digest": digest, "size": size} for digest, size in layers]
    config = json.dumps({"os": "linux", "rootfs": {"diff_ids": [one["digest"] for one in stored]}}).encode()
    manifest = json.dumps(
        {"config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)}, "layers": stored}
    ).encode()
    leads = {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest)}
    with tarfile.open(fileobj=file, mode="w") as archive:
        for data in (config, manifest):
            add(archive, f"blobs/sha256/{digest_of(data)[7:]}", data)
        add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        add(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": [leads]}).encode())


def write_files(path: Path) -> None:
    """Write 10 layers of 5,000 files that no compression makes smaller; a fifth of them overwrite earlier ones."""

    def layers(file: BinaryIO) -> Iterator[tuple[str, int]]:
        for number in range(LAYERS):
            layer = io.BytesIO()
            with tarfile.open(fileobj=layer, mode="w") as archive:
                for index in range(FILES):
                    owner = number if index % 5 else 0
                    add(archive, f"usr/lib/app{owner}/part{index % 70}/file{index}.js", os.urandom(FILE_SIZE))
            data = layer.getvalue()
            write_header(file, digest_of(data), len(data))
            file.write(data + bytes(-len(data) % 512))
            yield digest_of(data), len(data)

    with path.open("wb") as file:
        write_layout(file, layers(file))


def write_sparse(path: Path) -> None:
    """Write one layer with one file of 30 GB; its digest is made up, as hashing holes takes as long as any bytes."""

    def layers(file: BinaryIO) -> Iterator[tuple[str, int]]:
        info = tarfile.TarInfo("large")
        info.size = SPARSE
        size = 512 + SPARSE + 1024
        digest = digest_of(b"a hole")
        write_header(file, digest, size)
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.seek(SPARSE, os.SEEK_CUR)
        file.write(bytes(1024))
        yield digest, size

    with path.open("wb") as file:
        write_layout(file, layers(file))


def write_header(file: BinaryIO, digest: str, size: int) -> None:
    """Write the header of a blob."""
    info = tarfile.TarInfo(f"blobs/sha256/{digest[7:]}")
    info.size = size
    file.write(info.tobuf(tarfile.GNU_FORMAT))


def write_zstd(path: Path, plain: Path) -> None:
    """Write a packed copy."""
    with plain.open("rb") as file, zstd.open(path, "wb", level=1) as out:
        while part := file.read(1 << 20):
            out.write(part)


def index(path: Path) -> None:
    """Read all files of an image and list its root."""
    with closing(LocalArchives()) as archives:
        (image,) = archives.read(path).images
        assert archives.children(path, image.digest)


def show(path: Path) -> None:
    """Run the command."""
    assert run(["archive", "show", str(path)]) == 0


STEPS: dict[str, Callable[[Path], None]] = {"show": show, "index": index, "again": index}


def peak() -> int:
    """Return this process's peak of memory in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def timed(step: str, path: Path, cache: Path) -> tuple[float, int]:
    """Run a step in a process of its own; returns its seconds, the start included, and its peak of memory."""
    if step == "index":
        rmtree(cache, ignore_errors=True)
    words = (sys.executable, __file__, "--step", step, str(path))
    started = perf_counter()
    out = subprocess.run(words, env=os.environ | {"XDG_CACHE_HOME": str(cache)}, check=True, capture_output=True).stdout
    return perf_counter() - started, int(out.splitlines()[-1])


def measure(path: Path, runs: int) -> Iterator[Timing]:
    """Time every step of an archive."""
    for step in STEPS:
        found = [timed(step, path, path.parent / "cache") for _ in range(runs)]
        seconds = [one for one, _ in found]
        yield Timing(path.name, step, median(seconds), (min(seconds), max(seconds)), max(most for _, most in found))


def measured(only: str | None) -> Iterator[Timing]:
    """Make the archives in turn and time them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if only in {None, "files"}:
            plain, packed = folder / "files.tar", folder / "files.tar.zst"
            write_files(plain)
            yield from measure(plain, RUNS)
            write_zstd(packed, plain)
            yield from measure(packed, RUNS)
        if only in {None, "sparse"}:
            write_sparse(folder / "sparse.tar")
            yield from measure(folder / "sparse.tar", 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time what is read of image archives.")
    parser.add_argument("--only", choices=("files", "sparse"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        STEPS[asked.step[0]](Path(asked.step[1]))
        print(peak())
        return
    timings = []
    for one in measured(asked.only):
        timings.append(one)
        if not asked.json:
            low, high = one.spread
            spread = f"({low:.2f} to {high:.2f})"
            print(f"{one.archive:14} {one.step:6} {one.seconds:7.2f} s {spread:18} peak {one.peak / MB:4.0f} MB")
    if asked.json:
        print(json.dumps({"timings": [asdict(one) for one in timings]}, indent=2))


if __name__ == "__main__":
    main()

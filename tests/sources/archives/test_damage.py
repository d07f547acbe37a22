"""Archives with any bytes and documents changed: they are read or refused, and nothing else happens."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.archives.row import archive_row
from dockcache_tui.sources.archives.local import find_archives
from dockcache_tui.sources.archives.reading import verify_archive
from sources.layout_making import PACKINGS, layer_tar, sample, saved, tar_of

PACKED = [packing for packing in PACKINGS if packing != "folder"]
ODD: list[Any] = [None, 1, -1, 1.5, "x", "", [], {}, True, 10**30, "sha256:" + "a" * 64, "../x", [[]], [{}], [None]]
DAMAGE = st.tuples(
    st.integers(0, 1 << 20),
    st.sampled_from(["other", "cut out", "put in", "ones", "zeros", "again"]),
    st.binary(min_size=1, max_size=40),
    st.booleans(),
)


def read_all(path: Path) -> None:
    """Read everything there is to an archive, and show it."""
    with suppress(ArchiveError):
        json.dumps(archive_row(verify_archive(path)))
    find_archives(path.parent)


@pytest.fixture(scope="module", params=PACKED)
def whole(request: pytest.FixtureRequest) -> bytes:
    """Return an archive in each packing."""
    with tempfile.TemporaryDirectory() as folder:
        PACKINGS[request.param](sample(), Path(folder) / "archive")
        return (Path(folder) / "archive").read_bytes()


@given(damages=st.lists(DAMAGE, min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_any_bytes_may_be_other_ones(
    whole: bytes, damages: list[tuple[int, str, bytes, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes changed, taken out, put in or repeated, with the checksums of headers made right again or not."""
    data = bytearray(whole)
    for number, kind, new, right in damages:
        at = number % len(data)
        if kind == "cut out":
            del data[at : at + 50 * len(new)]
        elif kind == "put in":
            data[at:at] = new * 20
        elif kind == "again":
            data[at:at] = data[at - at % 512 : at - at % 512 + 1024]
        else:
            data[at : at + len(new)] = {"ones": b"\xff", "zeros": b"\0"}.get(kind, b"") * len(new) or new
        data = data or bytearray(b"x")
        if right:
            _right_checksum(data, min(at, len(data) - 1))
    path = tmp_path_factory.mktemp("damage") / "archive"
    path.write_bytes(data)
    read_all(path)


def _right_checksum(data: bytearray, at: int) -> None:
    start = at - at % 512
    if len(data) >= start + 512:
        data[start + 148 : start + 156] = b" " * 8
        data[start + 148 : start + 156] = f"{sum(data[start : start + 512]):06o}\0 ".encode()


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_any_values_may_be_other_ones(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Documents with values of other kinds, with parts left out or repeated."""
    files = dict(data.draw(st.sampled_from([sample(), saved(layer_tar(a="1"), layer_tar(b="2"))])))
    for name in list(files):
        if files[name][:1] in (b"{", b"[") and data.draw(st.booleans()):
            files[name] = json.dumps(_other(json.loads(files[name]), data)).encode()
    path = tmp_path_factory.mktemp("damage") / "archive"
    path.write_bytes(tar_of(files))
    read_all(path)


def _other(value: Any, data: st.DataObject) -> Any:
    what = data.draw(st.integers(0, 15))
    if what == 0:
        return data.draw(st.sampled_from(ODD))
    if isinstance(value, dict):
        dropped = data.draw(st.none() | st.sampled_from([*value, None]))
        return {key: _other(one, data) for key, one in value.items() if key != dropped}
    if isinstance(value, list):
        return [_other(one, data) for one in value for _ in range((what != 1) + (what == 2))]
    return value

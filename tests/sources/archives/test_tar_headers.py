"""The headers of tars: what other programs write is read as they read it, and hostile ones end in a fault."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault
from dockcache_tui.sources.archives.tar_headers import TarHeaders, TarMember

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
TYPES = [
    tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
]  # fmt: skip
_SHORT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=120)
NAMES = (_SHORT | _SHORT.map(lambda name: f"{name}/" * 20)).map(lambda name: name.strip("/") or "x")


def _info(name: str, type_: bytes, size: int, numbers: tuple[int, int, int, int], link: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, (info.mode, info.uid, info.gid, info.mtime) = type_, numbers
    info.size = size if type_ == tarfile.REGTYPE else 0
    info.linkname = link if type_ in (tarfile.LNKTYPE, tarfile.SYMTYPE) else ""
    return info


INFOS = st.builds(
    _info,
    NAMES,
    st.sampled_from(TYPES),
    st.integers(0, 2000),
    st.tuples(st.integers(0, 0o7777), st.integers(0, 1 << 31), st.integers(0, 1 << 31), st.integers(0, 1 << 33)),
    NAMES,
)


class Pipe(io.RawIOBase):
    """Bytes that can't be sought."""

    def __init__(self, data: bytes) -> None:
        """Take the bytes."""
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read on."""
        return self._data.readinto(buffer)


def walked(data: bytes, *, seekable: bool = True) -> tuple[list[tuple[TarMember, bytes]], str, TarHeaders]:
    """Return the members with their bytes, and the fault the walk ended with."""
    headers = TarHeaders(io.BytesIO(data) if seekable else io.BufferedReader(Pipe(data)))
    found: list[tuple[TarMember, bytes]] = []
    fault = Fault("", offset=0)
    try:
        found.extend((member, b"".join(iter(partial(headers.read, 1000), b""))) for member in headers)
    except BrokenArchiveError as error:
        fault = error.fault
    assert fault.offset is not None
    assert 0 <= fault.offset <= len(data)
    return found, fault.reason, headers


def octal(value: int, width: int) -> bytes:
    """Return a number as headers have it."""
    return f"{value:0{width - 1}o}".encode() + b"\0"


def header(name: bytes = b"a", size: bytes = octal(0, 12), type_: bytes = b"0", **fields: tuple[int, bytes]) -> bytes:
    """Return a header block with a right checksum; other fields are an offset and bytes."""
    block = bytearray(512)
    for at, data in ((0, name), (100, octal(0o644, 8)), (108, octal(0, 8)), (116, octal(0, 8)), (124, size)):
        block[at : at + len(data)] = data
    block[136:148], block[156:157], block[257:265] = octal(0, 12), type_, b"ustar\x0000"
    for at, data in fields.values():
        block[at : at + len(data)] = data
    block[148:156] = b" " * 8
    block[148:156] = octal(sum(block), 7) + b" "
    return bytes(block)


def pax(*records: tuple[str, str], type_: bytes = b"x") -> bytes:
    """Return a PAX header with its records."""
    body = b""
    for key, value in records:
        rest = f" {key}={value}\n".encode("utf-8", "surrogateescape")
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        body += str(length).encode() + rest
    return header(size=octal(len(body), 12), type_=type_) + body + bytes(-len(body) % 512)


END = bytes(1024)


@given(st.lists(st.tuples(INFOS, st.binary(max_size=8)), max_size=6), st.sampled_from(list(FORMATS)))
@settings(deadline=None)
def test_what_python_writes_is_read_as_it_was(infos: list[tuple[tarfile.TarInfo, bytes]], format_: str) -> None:
    """Members of every type, in every format, come back with name, link, size, mode, owners, time and bytes."""
    out = io.BytesIO()
    written = []
    with tarfile.open(fileobj=out, mode="w", format=FORMATS[format_]) as archive:
        for info, seed in infos:
            content = (seed * info.size)[: info.size].ljust(info.size, b"x")
            try:
                archive.addfile(info, io.BytesIO(content))
            except ValueError:
                continue  # ustar can't hold every name
            written.append((info, content))
    for seekable in (True, False):
        found, fault, headers = walked(out.getvalue(), seekable=seekable)
        assert not fault
        assert headers.ended
        assert [
            (one.name.rstrip("/"), one.type, one.link, one.size, one.mode, one.uid, one.gid, one.mtime, data)
            for one, data in found
        ] == [
            (
                info.name.rstrip("/"),
                info.type.decode(),
                info.linkname,
                info.size,
                info.mode,
                info.uid,
                info.gid,
                info.mtime * 1_000_000_000,
                content,
            )
            for info, content in written
        ]


def _sample() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("short", "long" * 40, "folder/", "ünïcode"):
            info = tarfile.TarInfo(name)
            info.size = len(name) if not name.endswith("/") else 0
            archive.addfile(info, io.BytesIO(name.encode() * 2))
    return out.getvalue()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damage_ends_in_a_fault_and_nothing_else(data: st.DataObject) -> None:
    """Whatever bytes of a tar are other ones, the walk ends, and with the same on a file and on a pipe."""
    damaged = bytearray(_sample())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):
            _right_checksum(damaged, at)
    bytes_ = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    found, fault, _ = walked(bytes_)
    piped, piped_fault, _ = walked(bytes_, seekable=False)
    assert bool(fault) == bool(piped_fault)
    assert piped[: len(found)] == found
    assert all(len(content) == member.stored for member, content in found)


def _right_checksum(block: bytearray, at: int) -> None:
    """Make the checksum of the block at an offset right again, so that what is damaged is believed."""
    start = at // 512 * 512
    block[start + 148 : start + 156] = b" " * 8
    block[start + 148 : start + 156] = octal(sum(block[start : start + 512]), 7) + b" "


@given(st.binary(max_size=2000))
@settings(deadline=None)
def test_any_bytes_are_walked(data: bytes) -> None:
    """Bytes that are no tar end in a fault or are not there."""
    found, fault, _ = walked(data)
    assert not found
    assert bool(fault) == any(data[:512]) or len(data) < 512


@pytest.mark.parametrize(
    ("words", "sparse"),
    [
        (("--format=gnu",), False),
        (("--format=posix",), False),
        (("--format=ustar",), False),
        (("--format=v7",), False),
        (("--format=gnu", "--sparse"), True),
        (("--format=posix", "--sparse", "--sparse-version=0.0"), True),
        (("--format=posix", "--sparse", "--sparse-version=0.1"), True),
        (("--format=posix", "--sparse", "--sparse-version=1.0"), True),
    ],
)
def test_what_gnu_tar_writes_is_read(words: tuple[str, ...], sparse: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Every format of GNU tar, sparse files among them, gives back name, size and content."""
    content = bytearray(1_000_000)
    for number in range(40):
        content[number * 25_000 : number * 25_000 + 5] = b"piece"
    with (tmp_path / "holes").open("wb") as file:
        for number in range(40):
            file.seek(number * 25_000)
            file.write(b"piece")
        file.truncate(len(content))
    (tmp_path / "small").write_bytes(b"small")
    made = subprocess.run(
        ["tar", "--create", *words, "--directory", str(tmp_path), "holes", "small"],
        check=True, capture_output=True, timeout=60,
    ).stdout  # fmt: skip
    for seekable in (True, False):
        found, fault, _ = walked(made, seekable=seekable)
        assert not fault
        (holes, stored), (small, _) = found
        assert (holes.name, holes.size, small.name, small.size) == ("holes", len(content), "small", 5)
        if sparse and holes.pieces is not None:
            assert bytes(_spread(holes, stored)) == content
        else:
            assert stored == content


def _spread(member: TarMember, stored: bytes) -> bytearray:
    whole, at = bytearray(member.size), 0
    for offset, length in member.pieces or ():
        whole[offset : offset + length] = stored[at : at + length]
        at += length
    return whole


def _hostile() -> Iterator[tuple[str, bytes, str]]:
    yield "negative size", header(size=b"\xff" * 12), "negative"
    yield "impossible size", header(size=b"\x80" + b"\xff" * 11), "impossible"
    yield "size beyond the end", header(size=b"\x80" + (1 << 62).to_bytes(11)) + END, "cut inside a member"
    yield "size that is no number", header(size=b"whatever!!!!"), "number that can't be read"
    yield "wrong checksum", header()[:200] + b"x" + header()[201:] + END, "checksum"
    yield "endless PAX", pax(("path", "a")) * 1000, "without end"
    yield "endless long names", (header(size=octal(1, 12), type_=b"L") + b"a" + bytes(511)) * 1000, "without end"
    yield "PAX of 1 GB", header(size=octal(1 << 30, 12), type_=b"x") + END, "extension header of 1,073,741,824"
    yield "PAX without end", pax(("path", "a")), "nothing after it"
    yield "PAX cut", header(size=octal(2000, 12), type_=b"x") + b"2000 path=", "cut inside an extension"
    yield "PAX with a lying length", _pax_body(b"99 path=a\n"), "length is wrong"
    yield "PAX with a short length", _pax_body(b"3 path=a\n"), "length is wrong"
    yield "PAX with no length", _pax_body(b"path=a\n"), "without a length"
    yield "PAX with an endless length", _pax_body(b"9" * 400 + b" path=a\n"), "without a length"
    yield "PAX with a NUL in a name", pax(("path", "a\0b")) + header() + END, "NUL"
    yield "PAX with a negative size", pax(("size", "-1")) + header() + END, "size can't be read"
    yield "PAX with a huge size", pax(("size", "9" * 30)) + header() + END, "size can't be read"
    yield "PAX with a time that is none", pax(("mtime", "soon")) + header() + END, "time can't be read"
    yield "sparse map that overlaps", _sparse("0,10,5,10", 20, 20), "map"
    yield "sparse map beyond the file", _sparse("0,10,100,10", 20, 20), "map"
    yield "sparse map of other sizes", _sparse("0,10", 20, 20), "map"
    yield "sparse map that is odd", _sparse("0,10,5", 20, 10), "map"
    yield "sparse map of letters", _sparse("a,b", 20, 10), "map"
    yield "sparse map without end", _old_sparse(b"\1" * 600), "map"
    yield "a lone empty block", header() + bytes(512) + header() + END, "empty block"
    yield "a header cut", header()[:300], "cut inside a header"


def _pax_body(body: bytes) -> bytes:
    return header(size=octal(len(body), 12), type_=b"x") + body + bytes(-len(body) % 512) + header() + END


def _sparse(map_: str, size: int, stored: int) -> bytes:
    said = pax(("GNU.sparse.map", map_), ("GNU.sparse.size", str(size)))
    return said + header(size=octal(stored, 12)) + bytes(512) + END


def _old_sparse(more: bytes) -> bytes:
    first = header(size=octal(0, 12), type_=b"S", magic=(257, b"ustar  \0"), extended=(482, b"\1"))
    return first + b"".join(bytes(504) + more[:1] + bytes(7) for _ in range(3000))


@pytest.mark.parametrize(("data", "reason"), [pytest.param(data, why, id=name) for name, data, why in _hostile()])
def test_a_hostile_header_is_named(data: bytes, reason: str) -> None:
    """Each trick ends the walk with a fault that names it; a member before it was read."""
    for seekable in (True, False):
        found, fault, _ = walked(header(b"before") + data, seekable=seekable)
        assert reason in fault
        assert found[0][0].name == "before"


def test_what_global_headers_say_is_not_believed() -> None:
    """Engines ignore global PAX headers, so a name in one names nothing."""
    found, fault, _ = walked(pax(("path", "other"), type_=b"g") + header(b"own") + END)
    assert not fault
    assert [member.name for member, _ in found] == ["own"]


def test_a_pax_header_holds_for_one_member() -> None:
    """Name, link, size, owners and time of a PAX header are of the member after it only."""
    said = pax(("path", "é" * 200), ("uid", "4294967294"), ("mtime", "-1.5"), ("SCHILY.xattr.user.x", "v"))
    (first, _), (second, _) = walked(said + header(b"a") + header(b"b") + END)[0]
    assert (first.name, first.uid, first.mtime) == ("é" * 200, 4294967294, -1_500_000_000)
    assert first.pax["SCHILY.xattr.user.x"] == "v"
    assert (second.name, second.uid, second.mtime, dict(second.pax)) == ("b", 0, 0, {})


def test_times_of_any_size() -> None:
    """A time before 1970, or one that no date can show, is told as it stands."""
    ((member, _),) = walked(header(mtime=(136, b"\x80" + (1 << 62).to_bytes(11))) + END)[0]
    assert member.mtime == (1 << 62) * 1_000_000_000
    ((member, _),) = walked(header(mtime=(136, b"\xff" * 12)) + END)[0]
    assert member.mtime == -1_000_000_000


def test_old_signed_checksums_and_bare_names_are_read() -> None:
    """Some programs summed signed bytes; names may fill their field, and be no UTF-8."""
    block = bytearray(header(b"\xff" * 100))
    block[148:156] = b" " * 8
    block[148:156] = octal(sum(block) - 256 * 100, 7) + b" "
    ((member, _),) = walked(bytes(block) + END)[0]
    assert member.name.encode("utf-8", "surrogateescape") == b"\xff" * 100


def test_a_file_of_the_first_tars_may_be_a_folder() -> None:
    """A name that ends in a slash is a folder's where no type says so, the whole name that is."""
    found = walked(header(b"a/", type_=b"\0") + header(b"b", type_=b"\0") + header(b"c", type_=b"7") + END)[0]
    assert [member.type for member, _ in found] == ["5", "0", "0"]
    whole = pax(("path", "folder/file")) + header(b"folder/", type_=b"\0") + header(b"file/", type_=b"0") + END
    assert [member.type for member, _ in walked(whole)[0]] == ["0", "0"]


def test_only_the_missing_end_marker_tells_of_a_cut_between_members() -> None:
    """Engines read such a tar; whoever must know whether it is whole can ask."""
    data = header(b"a") + header(b"b")
    for cut in (data, data + bytes(512)):
        found, fault, headers = walked(cut)
        assert (len(found), fault, headers.ended) == (2, "", False)
    assert walked(data + END)[2].ended

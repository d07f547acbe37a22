"""Layers that GNU tar makes of random trees: what it lists and unpacks is what `archive tree` and `archive cat` say."""

import ast
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dockcache_tui.cli.main import run
from sources.archive_files_making import oci, packed

FORMATS = ("posix", "gnu", "oldgnu", "ustar", "v7")
SEEDS = 80
"""Random trees of each format in the wide run; the short one has one of each."""
PLAIN = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"]}
LINE = re.compile(
    r"(?P<mode>.{10})[*.+]? +(?P<uid>\d+)/(?P<gid>\d+) +(?P<size>[\d,]+) (?P<time>-?\d+-\d+-\d+ \S+) +"
    r'(?P<path>"(?:[^"\\]|\\.)*")(?: (?:->|link to) (?P<link>"(?:[^"\\]|\\.)*"))?'
)
NAMES = (
    *(
        "n" * 99,
        "n" * 100,
        "n" * 101,
        "n" * 155,
        "n" * 156,
        "n" * 255,
        "a b",
        " lead",
        "trail ",
        "-dash",
        "*",
        "\x1b[31m",
    ),
    *("new\nline", "tab\t", '"quoted"', "back\\slash", "\udcff\udcfe", "ä", "日本"),
)
TARGETS = ("none", "./up", "/etc/none", "n" * 101, "l/" * 150, "\udcff\n")
TIMES = (0, 1, 7 * 10**9 + 1, 1_700_000_000_123_456_789, -(10**9), -1_500 * 10**9, (1 << 33) * 10**9)
"""Nanoseconds, in the end before 1970 and past the eleven octal digits of a header."""
OWNERS = (0, 1000, 65_534, 2_097_151, 2_097_152, 4_000_000_000, 4_294_967_294)
SAYABLE = 4
"""So many of these times and owners old formats can say."""
MODES = (0o000, 0o644, 0o755, 0o1777, 0o4755, 0o2711, 0o7777)
XATTRS = {b"1": "1", b"a\n=b": "0x610a3d62", b"\xff\x00": "0xff00"}
"""Values of extended attributes, and how they are told."""
SIZES = (0, 1, 511, 512, 513, 10_240, 100_000)
ANY = ("--sort=name", "--hard-dereference", "--mtime=@-1", "--mode=a+s", "--blocking-factor=1", "--owner=:77777")
PAX = ("--pax-option=comment=hi", "--pax-option=delete=mtime", "--pax-option=uid:=12345", "--sparse-version=0.0")
SPARSE = ("--sparse-version=0.1", "--sparse-version=1.0", "--hole-detection=raw")


@dataclass
class Grove:
    """Makes a random tree of files in a folder."""

    random: Random
    root: Path
    old: bool
    folders: list[str] = field(default_factory=lambda: ["."])
    files: list[str] = field(default_factory=list)

    def grow(self, count: int) -> list[str]:
        """Make so many members, and return their names in a random order."""
        kinds = [self.file, self.file, self.folder, self.hole, self.symlink, self.hard_link, self.fifo]
        kinds += [self.device] * (os.geteuid() == 0)
        made = [make(self.name()) for make in (self.file, *self.random.choices(kinds, k=count - 1))]
        for name in made[::-1]:
            self.change(name)
        self.random.shuffle(made)
        return made

    def at(self, name: str) -> Path:
        """Return where a member is."""
        return self.root / name

    def name(self) -> str:
        """Return a name that is new and not too long for this system."""
        while True:
            last = self.random.choice((*NAMES, str(self.random.randrange(999))))
            name = f"{self.random.choice(self.folders)}/{last}"
            if len(name) < 2_000 and not os.path.lexists(self.at(name)):
                return name

    def file(self, name: str) -> str:
        """Make a file."""
        self.at(name).write_bytes(self.random.randbytes(self.random.choice(SIZES)))
        self.files.append(name)
        return name

    def folder(self, name: str) -> str:
        """Make a folder."""
        self.at(name).mkdir()
        self.folders.append(name)
        return name

    def hole(self, name: str) -> str:
        """Make a file with holes, at its end too."""
        with self.at(name).open("wb") as out:
            for _ in range(self.random.randrange(30)):
                out.seek(self.random.randrange(1 << 20) & ~4095)
                out.write(self.random.randbytes(5_000))
            out.truncate(self.random.choice((1 << 20, (1 << 20) + 77)))
        self.files.append(name)
        return name

    def symlink(self, name: str) -> str:
        """Make a symlink to nothing."""
        self.at(name).symlink_to(self.random.choice(TARGETS))
        return name

    def hard_link(self, name: str) -> str:
        """Give a file another name; only short ones, since an old format may leave the first of its names out."""
        short = [one for one in self.files if len(one) < 90]
        if len(name) >= 90 or not short:
            return self.file(name)
        self.at(name).hardlink_to(self.at(self.random.choice(short)))
        return name

    def fifo(self, name: str) -> str:
        """Make a fifo."""
        os.mkfifo(self.at(name))
        return name

    def device(self, name: str) -> str:
        """Make a device, as only root may."""
        kind = self.random.choice((stat.S_IFCHR, stat.S_IFBLK))
        numbers = os.makedev(self.random.choice((1, 8, 255, 4095)), self.random.choice((3, 300, 1_048_575)))
        os.mknod(self.at(name), kind | 0o600, numbers)
        return name

    def change(self, name: str) -> None:
        """Give a member some owner, rights, attributes and time."""
        at = self.at(name)
        if name in self.files and self.random.random() < 0.3:
            for value in XATTRS:
                os.setxattr(at, f"user.{self.random.randrange(9)}", value)
        most = SAYABLE if self.old else None
        if os.geteuid() == 0:
            os.chown(at, *self.random.choices(OWNERS[:most], k=2), follow_symlinks=False)
        if not at.is_symlink():
            at.chmod(self.random.choice(MODES) | (0o700 if at.is_dir() else 0o400))
        time = self.random.choice(TIMES[:most])
        os.utime(at, ns=(time, time), follow_symlinks=False)


@dataclass(frozen=True)
class Member:
    """A member as both sides tell it; a folder has no size, and only a file a digest."""

    mode: str
    uid: int
    gid: int
    size: str
    time: str
    link: str
    digest: str
    xattrs: tuple[str, ...]
    """Their names only: GNU tar does not list values."""


def tar(*words: str | Path, cwd: Path, codes: tuple[int, ...] = (0,), stdin: bytes = b"") -> bytes:
    """Run GNU tar and return what it printed."""
    done = subprocess.run(("tar", *words), cwd=cwd, env=PLAIN, input=stdin, capture_output=True, check=False)
    assert done.returncode in codes, done.stderr
    return done.stdout


def made(grove: Grove, form: str, path: Path) -> None:
    """Let GNU tar write a layer; an older format can't say all, and leaves that out (exit code 2)."""
    names = grove.grow(30)
    options = [one for one in ANY if grove.random.random() < 0.2]
    if form == "posix":
        options += ["--xattrs", *grove.random.sample(PAX, grove.random.randrange(2))]
        options += ["--sparse", *grove.random.sample(SPARSE, grove.random.randrange(3))]
    elif form in ("gnu", "oldgnu"):
        options += ["--sparse"] * grove.random.randrange(2)
    words: tuple[str | Path, ...] = (
        "--create",
        f"--format={form}",
        *options,
        "--no-recursion",
        "--null",
        "--files-from=-",
        "--file",
        path,
    )
    tar(*words, cwd=grove.root, codes=(0, 2), stdin=b"\0".join(map(os.fsencode, names)))


def listed(path: Path) -> dict[str, Member]:
    """Return what GNU tar lists of a layer and unpacks of its files; the last of a name counts."""
    words = ("--list", "-vv", "--xattrs", "--numeric-owner", "--full-time", "--quoting-style=c", "--file", path)
    contents = tar("--extract", "--to-stdout", "--file", path, cwd=path.parent)
    found: dict[str, Member] = {}
    for match, xattrs in lines(tar(*words, cwd=path.parent).decode("ascii")):
        name, link = unquoted(match["path"]), unquoted(match["link"] or '""')
        letter, mode = match["mode"][0], match["mode"].replace("h", "-", 1)
        content = contents[: int(match["size"])] if letter == "-" else b""
        contents = contents[len(content) :]
        digest = f"sha256:{sha256(content).hexdigest()}" if letter == "-" else ""
        size = match["size"].replace(",", ":") if letter in "-bc" else ""
        rights = mode, int(match["uid"]), int(match["gid"])
        found[os.path.normpath(name)] = Member(*rights, size, time_of(match["time"]), link, digest, xattrs)
    assert contents == b""
    return found


def lines(text: str) -> Iterator[tuple[re.Match[str], tuple[str, ...]]]:
    """Yield each line of a listing with the names of the extended attributes that follow it."""
    blocks = re.split(r"\n(?!  [xas]: |  [xas]:$)", text.strip("\n"))
    for first, *rest in (block.split("\n") for block in blocks if block):
        match = LINE.fullmatch(first)
        assert match, first
        yield match, tuple(sorted(one.split()[-1] for one in rest if one.startswith("  x: ")))


def unquoted(text: str) -> str:
    """Return a name that GNU tar quoted as C does, in the form that JSON has."""
    name: bytes = ast.literal_eval(f"b{text}")
    return name.decode("utf-8", "backslashreplace")


def time_of(text: str) -> str:
    """Return a time without what does not matter: letters between and zeros at the end of a fraction."""
    whole, _, fraction = text.replace("T", " ").removesuffix("Z").partition(".")
    return f"{whole}.{fraction.rstrip('0')}"


def told(archive: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[dict[str, Member], dict[str, Any]]:
    """Return what `archive tree` says of an archive, and of the values of extended attributes."""
    code = run(["archive", "tree", str(archive), "--json"])
    said = capfdbinary.readouterr()
    assert code == 0, said.err
    found = {}
    items = json.loads(said.out)["items"]
    for one in items:
        size = one["device"][2:] if one["device"] else str(one["size"]) if one["kind"] == "file" else ""
        mode, rights = one["mode"], (one["uid"], one["gid"])
        time = time_of(one["modified_at"]) if one["modified_at"] else ""
        digest, xattrs = one["digest"] or "", tuple(sorted(one["xattrs"]))
        found[one["path"]] = Member(mode, *rights, size, time, one["link"] or "", digest, xattrs)
    return found, {one["path"]: one["xattrs"] for one in items}


def cases() -> list[object]:
    """Return a format and a seed each; all but the first seed are for the wide run."""
    wide = pytest.mark.matrix
    return [pytest.param(form, seed, marks=[wide] * bool(seed)) for form in FORMATS for seed in range(SEEDS)]


@pytest.mark.parametrize(("form", "seed"), cases())
def test_a_layer_is_what_gnu_tar_says(
    form: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Names, kinds, rights, owners, times, links, devices, attributes and every byte of every file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    grove = Grove(Random(f"{form} {seed}"), tmp_path / "tree", form in ("ustar", "v7"))  # noqa: S311 -- the same each time
    grove.root.mkdir()
    made(grove, form, tmp_path / "layer.tar")
    theirs = listed(tmp_path / "layer.tar")
    layer = (tmp_path / "layer.tar").read_bytes()
    archive = oci(tmp_path / "image", [packed(layer) if grove.random.random() < 0.5 else layer]).path
    ours, xattrs = told(archive, capfdbinary)
    assert {path: ours.get(path) for path in theirs} == theirs
    folders = {parent.as_posix() for path in theirs for parent in Path(path).parents} - {"."}
    assert ours.keys() - theirs.keys() <= folders
    for path, member in list(theirs.items())[:: 1 if seed == 0 else 5]:
        if member.digest and "\\" not in path:
            values = {name: os.getxattr(grove.root / path, name) for name in member.xattrs}
            assert xattrs[path] == {name: XATTRS[value] for name, value in values.items()}
            assert run(["archive", "cat", str(archive), f"/{path}"]) == 0
            assert f"sha256:{sha256(capfdbinary.readouterr().out).hexdigest()}" == member.digest


def test_parts_of_seconds_before_1970(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """GNU tar lists -1.25 seconds as if they were -0.75; a time is as GNU tar unpacks it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "file").touch()
    os.utime(tmp_path / "file", ns=(0, -1_250_000_000))
    tar("--create", "--format=posix", "--file", tmp_path / "layer.tar", "file", cwd=tmp_path)
    (tmp_path / "out").mkdir()
    tar("--extract", "--file", tmp_path / "layer.tar", cwd=tmp_path / "out")
    assert (tmp_path / "out" / "file").stat().st_mtime_ns == -1_250_000_000
    archive = oci(tmp_path / "image", [(tmp_path / "layer.tar").read_bytes()]).path
    assert told(archive, capfdbinary)[0]["file"].time == "1969-12-31 23:59:58.75"

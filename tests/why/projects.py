"""Projects made up at random, the same ones for the same seed: odd files, ignore rules, and every way to take them."""

import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from dockcache_tui.core.builds.ignore import IgnoreRule, IgnoreVerdict, judge, parse_ignore

_NAMES = ("a", "b c", "ü", "d.txt", "e.txt", "-x", "A", "a-b", "a.b", "q<&>", "日本.txt", "\udcff", "z\u2028", "..a")
_IGNORE = ("e.txt", "**/A", "a", "!a/d.txt", "!**/d.txt", "*/ü", "**/-x/**", "!*/*/a", "b c", "# none", "[a-b].*")
_FILE_MODES = (0o644, 0o600, 0o755, 0o777, 0o4755, 0o2644, 0o444)
_FOLDER_MODES = (0o755, 0o700, 0o1777, 0o2755)
_WORDS = b"lorem ipsum dolor sit amet"


@dataclass
class Project:
    """A folder with a Dockerfile that builds; `taken` are the paths that it names."""

    random: Random
    folder: Path
    with_parents: bool
    """Whether the builder's own frontend knows `COPY --parents`."""
    taken: set[str] = field(default_factory=set)

    def make(self) -> None:
        """Write the files and the Dockerfile."""
        self.folder.mkdir()
        (self.folder / "always.txt").write_text("always")
        self._fill("", depth=0)
        self._pack()
        rules = [line for line in _IGNORE if self.random.random() < 0.2]
        (self.folder / ".dockerignore").write_text("\n".join(rules))
        (self.folder / "Dockerfile").write_text("\n".join(self._instructions("\n".join(rules))))

    def change(self) -> None:
        """Change some files, in ways that the builder's copy of the context takes note of."""
        files = [path for path in self.paths() if stat.S_ISREG((self.folder / path).lstat().st_mode)]
        for path in self.random.sample(files, min(3, len(files))):
            if path not in ("Dockerfile", ".dockerignore", "t.tar"):
                self._change_file(path)

    def paths(self) -> list[str]:
        """Return all paths, those of folders before what is in them."""
        found = []
        for folder, folders, files in os.walk(self.folder):
            found += [os.path.relpath(f"{folder}/{name}", self.folder) for name in (*folders, *files)]
        return sorted(found)

    def _change_file(self, path: str) -> None:
        place = self.folder / path
        match self.random.randrange(4):
            case 0:
                place.write_bytes(place.read_bytes() + b"more")
            case 1:
                place.chmod(self.random.choice(_FILE_MODES))
            case 2 if path not in self.taken:
                place.rename(place.with_name(f"{place.name}-renamed"))
            case _:
                (place.parent / "new.txt").write_text("new")

    def _fill(self, folder: str, depth: int) -> None:
        for name in self.random.sample(_NAMES, self.random.randint(1, 5)):
            place = self.folder / folder / name
            make: Callable[[Path, str, int], None] = self.random.choices(
                (self._file, self._subfolder, self._link, self._special), (6, 3 if depth < 3 else 0, 2, 1)
            )[0]
            make(place, f"{folder}/{name}".lstrip("/"), depth)

    def _file(self, place: Path, _: str, __: int) -> None:
        place.write_bytes(_WORDS[: self.random.randint(0, len(_WORDS))] * self.random.choice((1, 1, 3000)))
        if self.random.random() < 0.2:
            os.setxattr(place, "user.word", _WORDS[: self.random.randint(1, 9)])
        place.chmod(self.random.choice(_FILE_MODES))

    def _subfolder(self, place: Path, path: str, depth: int) -> None:
        place.mkdir()
        self._fill(path, depth + 1)
        place.chmod(self.random.choice(_FOLDER_MODES))

    def _link(self, place: Path, _: str, __: int) -> None:
        place.symlink_to(self.random.choice(("always.txt", "../always.txt", "/always.txt", "nowhere", place.name, ".")))

    def _special(self, place: Path, _: str, __: int) -> None:
        match self.random.randrange(3):
            case 0:
                os.mkfifo(place)
            case 1:
                os.mknod(place, stat.S_IFSOCK | 0o644)
            case _:
                os.link(self.folder / "always.txt", place)

    def _pack(self) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("packed"))
        (self.folder / "t.tar").write_bytes(packed.getvalue())

    def _instructions(self, ignore: str) -> list[str]:
        rules = parse_ignore(ignore)
        sent = [path for path in self.paths() if _is_sent(path, rules) and _can_be_named(path)]
        plain = [path for path in sent if not (self.folder / path).is_symlink()]
        folders = [path for path in plain if (self.folder / path).is_dir()] or ["."]
        files = [path for path in plain if (self.folder / path).is_file()]
        simple = [path for path in folders if path.isascii() and " " not in path] or ["."]
        links = [path for path in sent if (self.folder / path).is_symlink() and (self.folder / path).is_file()]
        ways: list[Callable[[], str]] = [
            lambda: self._copy(files),
            lambda: self._copy(folders),
            lambda: self._copy(links or files),
            lambda: self._copy(files, "--chmod=640"),
            lambda: self._copy(files, "--chown=1:2"),
            lambda: self._copy(files, "--chown=app"),
            lambda: self._copy(folders, "--link"),
            lambda: self._copy([*files, *folders], "--exclude=*.txt", "--exclude=!d.txt"),
            lambda: self._copy(folders, "--exclude=*/a"),
            lambda: self._copy(folders, "--exclude=**/A", "--exclude=ü"),
            lambda: self._several(files),
            lambda: "COPY . /to/",
            lambda: "COPY --exclude=Dockerfile --exclude=**/*.txt . /to/",
            lambda: "COPY *.txt /to/",
            lambda: "COPY [a-d]* [^a]* /to/",
            lambda: "COPY --exclude=*/* [b-z]* /to/",
            lambda: 'COPY ["*/*", "*.t?t", "/to/"]',
            lambda: "ADD t.tar /to/",
            lambda: "WORKDIR /w/d",
            lambda: "COPY <<one <<two /to/\n1\none\n2 <&>\ntwo",
            lambda: "ARG A=1\nENV B=é C=<&>",
            lambda: f"RUN --mount=type=bind,source={self.random.choice(simple)},target=/m true",
            lambda: "RUN --mount=type=bind,target=/m,rw --mount=type=cache,target=/c --mount=type=tmpfs,target=/t true",
            lambda: "RUN --mount=type=cache,id=x,target=/c,sharing=locked --network=none true",
            lambda: "COPY --from=first /etc/passwd /p",
            lambda: "RUN --mount=type=bind,from=first,source=/first,target=/m true",
        ]
        if self.with_parents:
            ways += [
                lambda: self._copy(files, "--parents"),
                lambda: "COPY --parents **/*.txt /to/",
                lambda: "COPY --parents --exclude=**/e.txt */./* always.txt /to/",
            ]
        chosen = (way().replace("/to/", f"/to{number}/") for number, way in enumerate(self.random.sample(ways, 9)))
        return ["FROM busybox AS first", "COPY always.txt /first/", "FROM busybox", *chosen]

    def _copy(self, paths: list[str], *flags: str) -> str:
        path = self.random.choice(paths)
        self.taken.add(path)
        return f"COPY {' '.join((*flags, json.dumps([path, '/to/'], ensure_ascii=False)))}"

    def _several(self, paths: list[str]) -> str:
        some = [self.random.choice(paths) for _ in range(3)]
        self.taken |= set(some)
        return f"COPY {json.dumps([*some, '/to/'], ensure_ascii=False)}"


def _is_sent(path: str, rules: tuple[IgnoreRule, ...]) -> bool:
    verdict, above = IgnoreVerdict(), ""
    for part in path.split("/"):
        above = f"{above}/{part}".lstrip("/")
        verdict = judge(rules, above, verdict)
    return not verdict.ignored


def _can_be_named(path: str) -> bool:
    return path.isprintable() and not path.startswith("-")

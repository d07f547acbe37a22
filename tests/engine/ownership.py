"""Makes projects with branches and worktrees, builds them in a random order, and knows whose every record must be."""

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import sleep, time
from typing import Any

Owner = tuple[str, str | None]
"""A project's folder and a full ref; None on no branch."""
_PAD, _BIG = 65_536, 2_097_152


@dataclass(frozen=True, slots=True)
class Place:
    """A working folder on a branch: what is built there is this owner's."""

    folder: Path
    owner: Owner
    size: int
    """In units of which the builder was sent as many as tell this folder from the others."""


class Workshop:
    """Several projects of the same layout on one builder, a worktree, and a folder outside of git."""

    def __init__(self, root: Path, builder: str, environment: Mapping[str, str], seed: int) -> None:
        """Make three projects, each with main and branches of common names, the first with a worktree."""
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self._builder, self._environment = builder, environment
        self.platforms = ""
        self.marks: dict[str, Owner] = {}
        self.built: list[Place] = []
        self._folders = [root / f"project{number}" for number in range(3)]
        self._worktree, self._loose = root / "worktree", root / "loose"
        for number, folder in enumerate(self._folders):
            folder.mkdir(parents=True)
            self._git(folder, "init", "-q", "--initial-branch", "main")
            self._commit(folder, f"{seed}-{number}-main", number)
            for branch in ("fix", "gone"):
                self._git(folder, "checkout", "-q", "-b", branch, "main")
                self._commit(folder, f"{seed}-{number}-{branch}", number)
            self._git(folder, "checkout", "-q", "--detach", "main")
            self._commit(folder, f"{seed}-{number}-detached", number)
            self._git(folder, "tag", "bare")
        self._git(self._folders[0], "worktree", "add", "-q", "-b", "side", str(self._worktree), "main")
        self._commit(self._worktree, f"{seed}-0-side", 3)
        self._loose.mkdir()
        self._write(self._loose, f"{seed}-loose", 4)
        self.marks[f"own-{seed}-loose;"] = self.marks[f"last-{seed}-loose;"] = str(self._loose), None

    def run(self, rounds: int) -> None:
        """Build in rounds: each checks branches out, then builds one place or all of them at once.

        While the first project's builds run, another branch is checked out there. Git logs whole seconds: nothing is
        built in one in which a branch was checked out, as then both fit and the branch is rightly not known.
        """
        for number in range(rounds):
            for folder in self._folders:
                self._git(folder, "checkout", "-q", self._random.choice(["main", "fix", "gone", "bare"]))
            _let_a_second_begin()
            folders = (*self._folders, self._worktree, self._loose)
            places = [self._place(index, folder) for index, folder in enumerate(folders)]
            chosen = places if number % 2 == 0 else self._random.sample(places, 1)
            commands = [(place, self._command(place)) for place in chosen]
            with ThreadPoolExecutor(5) as pool:
                list(pool.map(self._run, *zip(*commands, strict=True)))
            self.built += chosen
        for folder in self._folders:
            self._git(folder, "checkout", "-q", "-B", "hotfix")
            self._git(folder, "branch", "-q", "-D", "gone")

    def judge(self, item: Mapping[str, Any], by_id: Mapping[tuple[str, str], Mapping[str, Any]]) -> set[Owner] | None:
        """Return whose a record must be; None for a base image, and for what the builder keeps for itself."""
        description = item["description"]
        if description.startswith("pulled from") or item["type"] in ("frontend", "internal"):
            return None
        if description.startswith("local source for "):
            sizes = {place.size for place in self.built}
            unit = _BIG if item["size"] > _BIG // 2 else _PAD
            size = min(sizes, key=lambda one: abs(item["size"] - one * unit))
            return {place.owner for place in self.built if place.size == size}
        below = [one for one in by_id.values() if one["node"] == item["node"] and item["id"] in one["parents"]]
        found = {owner for mark, owner in self.marks.items() if mark in description}
        if found:
            return found
        for one in below:
            found |= self.judge(one, by_id) or set()
        above = [by_id[item["node"], one] for one in item["parents"] if (item["node"], one) in by_id]
        return found or {owner for one in above for owner in self._above(one, by_id)}

    def _above(self, item: Mapping[str, Any], by_id: Mapping[tuple[str, str], Mapping[str, Any]]) -> set[Owner]:
        found = {owner for mark, owner in self.marks.items() if mark in item["description"]}
        parents = [by_id[item["node"], one] for one in item["parents"] if (item["node"], one) in by_id]
        return found or {owner for one in parents for owner in self._above(one, by_id)}

    def _place(self, index: int, folder: Path) -> Place:
        if folder == self._loose:
            return Place(folder, (str(folder), None), index + 1)
        return Place(folder, (self._project(folder), self._branch(folder)), index + 1)

    def _project(self, folder: Path) -> str:
        return str(self._folders[0] if folder == self._worktree else folder)

    def _branch(self, folder: Path) -> str | None:
        found = self._git(folder, "rev-parse", "--symbolic-full-name", "HEAD")
        return None if found == "HEAD" else found

    def _commit(self, folder: Path, mark: str, index: int) -> None:
        self._write(folder, mark, index)
        self._git(folder, "add", ".")
        self._git(folder, "commit", "-q", "-m", mark)
        self.marks[f"own-{mark};"] = self.marks[f"last-{mark};"] = self._project(folder), self._branch(folder)

    def _write(self, folder: Path, mark: str, index: int) -> None:
        """Write a context whose COPYs read alike in all projects, with RUNs that carry the owner and one that does not.

        The sizes of what is sent tell the folders apart.
        """
        (folder / "code").write_text(f"{mark}\n")
        (folder / "common").write_text("the same everywhere\n")
        (folder / "data").write_bytes(os.urandom((index + 1) * (_BIG - 2 * _PAD)))
        padding = f"# {'x' * 62}\n" * ((index + 1) * 1024)
        (folder / ".dockerignore").write_text(f".git\n{padding}")
        (folder / "Dockerfile").write_text(
            "FROM busybox AS build\nWORKDIR /src\nCOPY code .\n"
            f"RUN echo own-{mark}; sleep 1.{self._random.randrange(1, 9)}\n"
            "COPY . .\nFROM busybox\nRUN echo of all\nCOPY common /\nCOPY --from=build /src/code /code\n"
            f"RUN echo last-{mark}; true\nCOPY code data /\n{padding}"
        )

    def _command(self, place: Place) -> tuple[str, ...]:
        platforms = ("--platform", self.platforms) if self.platforms else ()
        if self._random.random() < 0.5:
            plain = ("docker", "buildx", "build", "--progress", "plain", "--builder", self._builder)
            return (*plain, *platforms, str(place.folder))
        ours = str(Path(sys.executable).with_name("dockcache-tui"))
        more = ("--", *platforms) if platforms else ()
        return (ours, "rebuild", str(place.folder), "--builder", self._builder, *more)

    def _run(self, place: Place, command: tuple[str, ...]) -> None:
        environment = {**os.environ, **self._environment}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as run:
            assert run.stdout
            said = ""
            for line in run.stdout:
                said += line
                if place.folder == self._folders[0] and "RUN echo" in line:
                    _let_a_second_begin()
                    self._git(place.folder, "checkout", "-q", "--detach", "main")
        assert run.returncode == 0, said[-2000:]

    def _git(self, folder: Path, *words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e@example", "-c", "commit.gpgsign=false")
        done = subprocess.run(("git", "-C", str(folder), *who, *words), check=True, capture_output=True, text=True)
        return done.stdout.strip()


def _let_a_second_begin() -> None:
    sleep(1 - time() % 1)

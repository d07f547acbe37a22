"""A project as a value, and what a change of it does to each step: the truth that causes are judged by.

None of it is our own code for keys: it follows from what the generator changed, and from what a Dockerfile means.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import basename, dirname, join

from dockcache_tui.core.builds.cause import CauseKind

NAMED = "extra"
"""The named context; its files are beside those of the context."""
IMAGE_ENV = {"env": {"NEWENV": "1"}}
ONBUILD = {"onb1": "RUN echo one", "onb2": "RUN echo two"}
_NOTE = re.compile(r"\s{2,}#(free|reads)\s*(.*)$")
_STEPS = ("RUN", "COPY", "ADD", "WORKDIR")


@dataclass(frozen=True)
class File:
    """A file, folder or link (then `text` is its target)."""

    text: str = ""
    mode: int = 0o644
    kind: str = "file"
    xattr: str = ""


@dataclass(frozen=True)
class Instruction:
    """One instruction; its id stays when it is changed.

    Nothing reads what a `free` one makes; `reads` are the files and variables that a copy from a stage depends on.
    """

    id: str
    word: str
    flags: tuple[str, ...]
    rest: str
    free: bool = False
    reads: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return it as the Dockerfile has it."""
        return " ".join((self.word, *self.flags, self.rest))

    def flag(self, name: str) -> str:
        """Return a flag's value, empty where it has none."""
        return next((one.partition("=")[2] for one in self.flags if one.partition("=")[0] == f"--{name}"), "")


@dataclass(frozen=True)
class Project:
    """All that a build depends on."""

    instructions: tuple[Instruction, ...]
    files: Mapping[str, File]
    named: Mapping[str, File] = field(default_factory=dict)
    ignore: str = ""
    ignores: Callable[[str], bool] = lambda _: False
    """Tells which paths `ignore` leaves out."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ("linux/amd64",)
    images: Mapping[str, str] = field(default_factory=lambda: {"busybox:base": "v1"})
    """Which variant each tag is of."""
    served: Mapping[str, str] = field(default_factory=dict)
    secret: str = "one"

    @property
    def dockerfile(self) -> str:
        """Return the text of the Dockerfile."""
        return "".join(f"{one.text}\n" for one in self.instructions)

    @property
    def context(self) -> Mapping[str, File]:
        """Return all files that a client sends, without the root."""
        all_files = {**self.files, "Dockerfile": File(self.dockerfile)}
        if self.ignore:
            all_files[".dockerignore"] = File(self.ignore)
        kept = {path for path in all_files if not self.ignores(path)}
        return {path: all_files[path] for path in all_files if path in kept or any(_below(one, path) for one in kept)}

    def lines(self) -> Mapping[int, str]:
        """Return the instruction that begins at each line."""
        found, line = {}, 1
        for one in self.instructions:
            found[line] = one.id
            line += one.text.count("\n") + 1
        return found

    def with_file(self, path: str, file: File | None) -> "Project":
        """Return it with another file at a path, or none."""
        files = {one: told for one, told in self.files.items() if one != path}
        return replace(self, files=files if file is None else {**files, path: file})

    def with_instruction(self, id: str, *others: Instruction) -> "Project":  # noqa: A002 - the field's name
        """Return it with others in an instruction's place."""
        found = (each for one in self.instructions for each in (others if one.id == id else (one,)))
        return replace(self, instructions=tuple(found))

    def instruction(self, id: str) -> Instruction:  # noqa: A002 - the field's name
        """Return an instruction."""
        return next(one for one in self.instructions if one.id == id)


def read(text: str) -> tuple[Instruction, ...]:
    """Read a Dockerfile; `↵` is a new line inside an instruction, and notes follow two spaces."""
    found = []
    for number, line in enumerate(text.strip().splitlines()):
        note = _NOTE.search(line)
        word, *words = _NOTE.sub("", line).split(" ")
        flags = tuple(one for one in words if one.startswith("--"))
        rest = " ".join(one for one in words if not one.startswith("--")).replace("↵", "\n")
        reads = tuple(note[2].split()) if note and note[1] == "reads" else ()
        free = bool(note and note[1] == "free")
        found.append(Instruction(f"{number}", word, flags, rest, free, reads))
    return tuple(found)


def write(project: Project, before: Project | None, folder: Path) -> None:
    """Write a project's folders, where there is one before only what differs."""
    contexts = (("work", {**project.files, "Dockerfile": File(project.dockerfile)}), (NAMED, project.named))
    for name, files in contexts:
        old: Mapping[str, File] = {}
        if before:
            old = before.named if name == NAMED else {**before.files, "Dockerfile": File(before.dockerfile)}
        root = folder / name
        root.mkdir(exist_ok=True)
        for path in sorted(old.keys() - files.keys(), reverse=True):
            (root / path).rmdir() if old[path].kind == "folder" else (root / path).unlink()
        for path, file in sorted(files.items()):
            if old.get(path) != file:
                _write(root / path, file, old.get(path))
    if project.ignore and (before is None or before.ignore != project.ignore):
        (folder / "work/.dockerignore").write_text(project.ignore)


def _write(place: Path, file: File, old: File | None) -> None:
    if old and old.kind != file.kind:
        place.unlink()
    if file.kind == "link":
        place.unlink(missing_ok=True)
        place.symlink_to(file.text)
        return
    if file.kind == "folder":
        place.mkdir(exist_ok=True)
    elif old is None or old.text != file.text or file.xattr:  # what has another xattr is touched, so that it counts
        place.write_text(file.text)
    place.chmod(0o755 if file.kind == "folder" else file.mode)
    if file.xattr:
        os.setxattr(place, "user.word", file.xattr.encode())


Values = dict[CauseKind, Mapping[str, object]]


@dataclass(frozen=True)
class State:
    """All that keeps a step from being reused when it differs, by the kind of cause, and what it stands on."""

    values: Mapping[CauseKind, Mapping[str, object]]
    files: Mapping[str, File] | None
    above: str
    """The step or image that it stands on, empty where that does not count."""
    beside: str
    """The step whose files it takes."""
    taken: tuple[object, ...]
    """What those files hold."""


@dataclass(frozen=True)
class Own:
    """What keeps a step from being reused of itself: kinds in their order, and what is told of the first."""

    kinds: tuple[CauseKind, ...]
    told: frozenset[tuple[str, str]]
    files: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Truth:
    """What a change does: what each step has of itself, and for each the steps that it may be told to stand on."""

    own: Mapping[str, Own]
    roots: Mapping[str, frozenset[str]]

    @property
    def runs(self) -> frozenset[str]:
        """Return all steps that run."""
        return frozenset(self.own) | {one for one, roots in self.roots.items() if roots}


def truth(old: Project, new: Project) -> Truth:
    """Compare two projects step by step."""
    before, after = (dict(_Reading(one).states()) for one in (old, new))
    own = {one: found for one, state in after.items() if (found := _own(one, before.get(one), state, new))}
    roots: dict[str, frozenset[str]] = {}
    for one, state in after.items():  # those a step stands on come before it
        ends = set[str]()
        taken = [state.beside] if one not in before or before[one].taken != state.taken else []
        for edge in (state.above, *taken):
            ends |= roots.get(edge, frozenset()) | ({edge} if edge in own else set())
        roots[one] = frozenset(ends)
    return Truth(own, roots)


def takers(project: Project) -> Mapping[str, set[str]]:
    """Return which instructions take each file from a context, by its path."""
    found: dict[str, set[str]] = {}
    for one, state in _Reading(project).states():
        for path in state.files or ():
            found.setdefault(path, set()).add(one)
    return found


def _own(one: str, old: State | None, new: State, project: Project) -> Own | None:
    kinds = [CauseKind.FLAG] if _is_flagged(one, project) else []
    if old is None:
        return Own((*kinds, CauseKind.NEW_STEP), frozenset(), frozenset())
    told = set[tuple[str, str]]()
    for kind in (CauseKind.ENVIRONMENT, CauseKind.COMMAND, CauseKind.MOUNT, CauseKind.PLATFORM, CauseKind.BASE):
        if kind in (CauseKind.PLATFORM, CauseKind.BASE) and not (kind in old.values and kind in new.values):
            continue  # it stands on an image now, or did: that is told as what is above it
        pair = old.values.get(kind, {}), new.values.get(kind, {})
        differing = [name for name in (*pair[0], *pair[1]) if pair[0].get(name) != pair[1].get(name)]
        if differing:
            kinds.append(kind)
            told |= {_word(kind, name, *pair) for name in differing}
        elif kind is CauseKind.ENVIRONMENT and list(pair[0]) != list(pair[1]):
            kinds.append(kind)
            told.add(("order", ""))
    files = frozenset(_differing(old.files or {}, new.files or {}))
    kinds += (
        [CauseKind.CONTENT] if files or old.values.get(CauseKind.CONTENT) != new.values.get(CauseKind.CONTENT) else []
    )
    kinds += [CauseKind.PARENT] if old.above != new.above else []
    return Own(tuple(kinds), frozenset(told), files) if kinds else None


def _word(kind: CauseKind, name: str, old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, str]:
    if kind is CauseKind.ENVIRONMENT:
        return ("added" if name not in old else "removed" if name not in new else "changed", name)
    return (name, "") if kind is CauseKind.COMMAND else (kind.value, name)


def _is_flagged(one: str, project: Project) -> bool:
    stage = _stages(project)[one.partition("/")[0]]
    instruction = next((each for each in project.instructions if each.id == one.partition("/")[0]), None)
    is_meant = "--no-cache" in project.flags or f"--no-cache-filter={stage}" in project.flags
    return is_meant and (instruction is None or instruction.word != "WORKDIR")


def _stages(project: Project) -> Mapping[str, str]:
    found, stage = {}, ""
    for one in project.instructions:
        if one.word == "FROM":
            stage = one.rest.partition(" AS ")[2]
        found[one.id] = stage
        found[f"onbuild {one.id}"] = stage
    return found


def _differing(old: Mapping[str, File], new: Mapping[str, File]) -> Iterator[tuple[str, str]]:
    gone = {path: old[path] for path in old.keys() - new.keys()}
    come = {path: new[path] for path in new.keys() - old.keys()}
    for path, file in sorted(gone.items()):
        if same := next((one for one, told in come.items() if told == file and file.kind == "file"), ""):
            yield same, "renamed"
            del come[same], gone[path]
    yield from ((path, "removed") for path in gone)
    yield from ((path, "added") for path in come)
    for path in old.keys() & new.keys():
        one, other = old[path], new[path]
        if one.kind != other.kind:
            yield path, "type"
            continue
        if one.text != other.text:
            yield path, "link" if one.kind == "link" else "content"
        if one.mode != other.mode:
            yield path, "mode"
        if one.xattr != other.xattr:
            yield path, "xattr"


class _Reading:
    """Goes through a Dockerfile from its top."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ends: dict[str, tuple[str, dict[str, str], str, str]] = {}
        """Of each stage: its last step, variables, user and folder."""
        self._top, self._user, self._cwd, self._stage = "", "root", "/", ""
        self._env: dict[str, str] = {}

    def states(self) -> Iterator[tuple[str, State]]:
        for one in self._project.instructions:
            match one.word:
                case "FROM":
                    yield from self._from(one)
                case "ARG":
                    name, _, value = one.rest.partition("=")
                    self._env[name] = self._project.arguments.get(name, value)
                case "ENV":
                    name, _, value = one.rest.partition("=")
                    self._env[name] = value
                case "USER":
                    self._user = one.rest
                case word if word in _STEPS:
                    yield from self._step(one)
            if self._stage:
                self._ends[self._stage] = self._top, dict(self._env), self._user, self._cwd

    def _from(self, one: Instruction) -> Iterator[tuple[str, State]]:
        image, _, self._stage = one.rest.partition(" AS ")
        image = self._expanded(image)
        if image in self._ends:
            self._top, env, self._user, self._cwd = self._ends[image]
            self._env = dict(env)
            return
        variant = self._project.images.get(image, image)
        self._top, self._user, self._cwd = f"image {image}", "root", "/"
        self._env = dict(IMAGE_ENV.get(variant, {}))
        if variant in ONBUILD:
            yield from self._step(replace(read(ONBUILD[variant])[0], id=f"onbuild {one.id}"))

    def _expanded(self, text: str) -> str:
        globals_ = {one.rest.partition("=")[0]: one.rest.partition("=")[2] for one in self._project.instructions[:1]}
        known = {**globals_, **self._env}
        known |= {name: value for name, value in self._project.arguments.items() if name in known}
        return re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), text)

    def _base(self, image: str) -> Values:
        variant = self._project.images.get(image, image)
        told: Values = {CauseKind.BASE: {image: variant}}
        return told | {CauseKind.PLATFORM: {"": self._project.platforms}}

    def _step(self, one: Instruction) -> Iterator[tuple[str, State]]:
        on_image = self._top.startswith("image ")
        values = self._base(self._top[6:]) if on_image else {}
        above = "image" if on_image else self._top
        files: Mapping[str, File] | None = None
        beside, taken = "", tuple[object, ...]()
        match one.word:
            case "RUN":
                values |= self._run(one)
                binds = [
                    dict(pair.partition("=")[::2] for pair in flag[8:].split(","))
                    for flag in one.flags
                    if "type=bind" in flag
                ]
                for bind in binds:
                    if "from" in bind:
                        beside, taken = self._ends[bind["from"]][0], self._read(one)
                    else:
                        files = {**(files or {}), **self._taken([bind["source"]], self._project.context, ())}
            case "WORKDIR":
                self._cwd = join(self._cwd, self._expanded(one.rest))
                values[CauseKind.COMMAND] = {"dest": self._cwd, "owner": self._user}
            case _:
                values[CauseKind.COMMAND] = self._copy_words(one)
                beside, taken, files, more = self._copied(one)
                values = (
                    more | values
                    if CauseKind.BASE not in values
                    else values | {CauseKind.BASE: {**values[CauseKind.BASE], **more.pop(CauseKind.BASE, {})}} | more
                )
        if "--link" in one.flags and one.word != "RUN" and not one.flag("chmod"):
            base = {kind: values.pop(kind) for kind in (CauseKind.BASE, CauseKind.PLATFORM) if on_image}
            yield one.id, State(values, files, "", beside, taken)
            self._top = f"{one.id}/link"
            yield self._top, State(base, None, above, one.id, (object(),))
        else:
            yield one.id, State(values, files, above, beside, taken)
            self._top = one.id

    def _run(self, one: Instruction) -> Values:
        options = {
            flag.partition("=")[0].removeprefix("--"): flag
            for flag in self._project.flags
            if flag.startswith(("--add-host", "--shm", "--ulimit"))
        }
        hosts = options.pop("add-host", "")
        mounts = {}
        for flag in one.flags:
            if flag.startswith("--mount="):
                mount = dict(pair.partition("=")[::2] for pair in flag[8:].split(","))
                target = mount.get("target", mount.get("id", ""))
                if mount.get("type") == "cache" and mount.get("id", target) != target:
                    mount["id"] = "one of its own"  # which does not count
                mounts[target] = {
                    name: value for name, value in mount.items() if name not in ("source", "from", "sharing")
                }
        shm = options.pop("shm-size", "")
        told = {
            "args": one.rest,
            "user": self._user,
            "cwd": self._cwd,
            "network": one.flag("network"),
            "hosts": hosts.rpartition(":")[0],
            "other": tuple(options.values()),
        }
        return {
            CauseKind.ENVIRONMENT: dict(self._env),
            CauseKind.COMMAND: told,
            CauseKind.MOUNT: {**mounts, "/": shm},
            CauseKind.PLATFORM: {"": self._project.platforms},
        }

    def _copy_words(self, one: Instruction) -> dict[str, object]:
        *sources, dest = self._expanded(one.rest.partition("\n")[0]).split()
        return {
            "args": (
                tuple(basename(source.rstrip("/")) for source in sources),
                tuple(flag for flag in one.flags if "exclude" in flag),
            ),
            "dest": join(self._cwd, dest),
            "owner": one.flag("chown"),
            "chmod": one.flag("chmod"),
        }

    def _copied(self, one: Instruction) -> tuple[str, tuple[object, ...], Mapping[str, File] | None, Values]:
        """Return the stage that it takes files from, what they hold, the files of a context, and what else counts."""
        place = one.flag("from")
        sources = self._expanded(one.rest).split()[:-1]
        if "\n" in one.rest:
            return "", (), None, {CauseKind.CONTENT: {"": one.rest.partition("\n")[2]}}
        if place in self._ends:
            return self._ends[place][0], self._read(one), None, {}
        if place and place != NAMED:
            variant = self._project.images[place]
            same_files: Values = {CauseKind.BASE: {place: "v1" if variant in ("relabel", "env") else variant}}
            return "", (), None, same_files
        if one.word == "ADD" and "@HTTP@" in sources[0]:
            return "", (), None, {CauseKind.CONTENT: {"": self._project.served[sources[0].rpartition("/")[2]]}}
        files = self._project.named if place else self._project.context
        excludes = [flag.partition("=")[2] for flag in one.flags if flag.startswith("--exclude=")]
        return "", (), self._taken(sources, files, excludes), {}

    def _read(self, one: Instruction) -> tuple[object, ...]:
        """Return what the files hold that an instruction takes from a stage."""
        found: list[object] = []
        for name in one.reads:
            if name.startswith("$"):
                found.append(
                    next(
                        (
                            self._project.arguments.get(name[1:], each.rest)
                            for each in self._project.instructions
                            if each.word == "ARG" and each.rest.startswith(f"{name[1:]}=")
                        ),
                        "",
                    )
                )
            else:
                files = self._project.context
                found += [
                    files[path].text
                    for path in sorted(files)
                    if fnmatchcase(path, name) and path.count("/") == name.count("/") and files[path].kind != "folder"
                ]
        return tuple(found)

    @staticmethod
    def _taken(sources: Iterable[str], files: Mapping[str, File], excludes: Iterable[str]) -> dict[str, File]:
        found = {}
        for source in sources:
            wanted = source.strip("./") if source in (".", "./") else source.strip("/")
            for path, file in files.items():
                tops = {path, *_above(path)}
                matches = not wanted or any(
                    "/" not in each[len(dirname(wanted)) + 1 :] and fnmatchcase(each, wanted) for each in tops
                )
                if matches and not any(fnmatchcase(basename(path), one) for one in excludes):
                    found[path] = file
        return found


def _above(path: str) -> Iterator[str]:
    while path := dirname(path):
        yield path


def _below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")

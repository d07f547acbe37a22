"""Projects of many shapes, and changes of them one at a time and in pairs."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random

from why.model import NAMED, File, Instruction, Project, read

FILES = {
    "go.mod": File("module"),
    "go.sum": File("sums"),
    "src": File(kind="folder", mode=0o755),
    "src/a.go": File("a"),
    "src/b.go": File("b"),
    "src/run.sh": File("run", 0o755),
    "src/l": File("a.go", 0o777, "link"),
    "src/deep": File(kind="folder", mode=0o755),
    "src/deep/c.go": File("c"),
    "docs": File(kind="folder", mode=0o755),
    "docs/one.md": File("one"),
    "docs/two.txt": File("two"),
    "notes.txt": File("notes"),
    "big.log": File("log"),
}
FOLDER = "src/deep"
"""Whose mode is changed."""
GIT = {".git": File(kind="folder", mode=0o755), ".git/HEAD": File("main"), ".git/index": File("index")}


Change = Callable[[Project], Project]


def project(dockerfile: str, **more: object) -> Project:
    """Return a project of the usual files."""
    told = {"files": FILES, **more}
    return Project(read(dockerfile), **told)  # type: ignore[arg-type]


SHAPES = {
    "deps first": project("""
FROM busybox:base AS build
WORKDIR /w
COPY go.mod go.sum /w/
RUN echo deps  #free
COPY src /w/src
RUN cat /w/src/*.go > /out
FROM busybox:base
RUN echo runtime  #free
COPY docs/one.md /docs/  #free
COPY --from=build /out /app  #reads src/*.go
"""),
    "copy all": project(
        """
FROM busybox:base
ENV MODE=plain
RUN echo first  #free
COPY . /w/
RUN echo second  #free
RUN cat /w/src/a.go > /out
""",
        files={**FILES, **GIT},
        ignore="*.log\nbig*\ndocs\n!docs/one.md\n**/*.tmp\n",
        ignores=lambda path: (
            path == "big.log" or path.endswith(".tmp") or (f"{path}/".startswith("docs/") and path != "docs/one.md")
        ),
    ),
    "arguments": project("""
ARG TAG=base
FROM busybox:$TAG AS build
ARG A=1
ENV B=two
RUN echo one  #free
ARG C=three
WORKDIR /w/$C
COPY notes.txt .  #free
RUN echo two  #free
RUN echo $A > /version
FROM build AS test
RUN echo test  #free
FROM busybox:base
ENV D=four
ENV E=five
COPY --from=build /version /version  #reads $A
COPY --from=test /version /tested  #reads $A
RUN echo last  #free
"""),
    "links": project("""
FROM busybox:base AS build
COPY --link src /w/src
RUN cat /w/src/b.go > /out
FROM busybox:base
COPY --link docs /docs
RUN echo between  #free
COPY --link --chown=5:6 notes.txt /notes
COPY --link --from=build /out /app  #reads src/b.go
RUN echo end  #free
"""),
    "mounts": project(
        """
FROM busybox:base AS build
RUN --mount=type=cache,target=/cache echo cached  #free
RUN --mount=type=bind,source=src,target=/src cat /src/a.go > /out
RUN --mount=type=secret,id=pass echo secret  #free
FROM busybox:base
RUN --mount=type=cache,target=/two,id=custom --mount=type=tmpfs,target=/t echo both  #free
RUN <<EOF↵echo here↵echo there↵EOF  #free
COPY <<EOF /etc/note↵text↵EOF
RUN --mount=type=bind,from=build,source=/out,target=/out cat /out  #reads src/a.go
""",
        flags=("--secret=id=pass,src=@SECRET@",),
    ),
    "from afar": project(
        """
FROM busybox:base
COPY --from=extra lib /lib2
COPY --from=busybox:other / /all/
ADD @HTTP@/file /served
RUN echo one  #free
ADD docs /docs/
RUN echo two  #free
""",
        named={"lib": File(kind="folder", mode=0o755), "lib/x": File("x"), "lib/y": File("y"), "unused": File("z")},
        served={"file": "served"},
        images={"busybox:base": "v1", "busybox:other": "v1"},
        flags=("--build-context=extra=@EXTRA@",),
    ),
    "onbuild": project(
        """
FROM busybox:base AS build
RUN echo build  #free
COPY go.mod /m/
USER app
WORKDIR /home
RUN cat /m/go.mod > /tmp/out
FROM busybox:other
COPY --from=build /tmp/out /go.mod  #reads go.mod
RUN echo all  #free
""",
        images={"busybox:base": "onb1", "busybox:other": "v1"},
    ),
    "platforms": project(
        """
FROM --platform=$BUILDPLATFORM busybox:base AS build
RUN echo build > /built
COPY src/a.go /a.go
RUN cat /a.go > /out
FROM busybox:base
RUN echo one  #free
COPY --from=build /out /app  #reads src/a.go
COPY docs /docs
RUN echo two  #free
""",
        images={"busybox:base": "multi"},
        platforms=("linux/amd64", "linux/386"),
    ),
    "wildcards": project(
        """
FROM busybox:base
COPY *.txt go.* /top/
RUN echo one  #free
COPY --exclude=*.txt docs /docs
COPY --chown=1:2 src/*.go /go/
RUN echo two  #free
COPY --chmod=640 notes.txt /n  #free
""",
        images={"busybox:base": "multi"},
    ),
}


@dataclass(frozen=True)
class Mutation:
    """A change: of the project as a value, and then `quietly` of its folder, which no builder takes note of.

    Two that touch one thing are never made together.
    """

    name: str
    touches: frozenset[str]
    changed: Change
    quietly: Callable[[Path], None] = lambda _: None
    stale: frozenset[str] = frozenset()
    """Paths whose new content the builder does not notice."""
    prunes: bool = False


def mutations(shape: Project) -> Iterator[Mutation]:
    """Yield all changes of a project."""
    yield Mutation("nothing", frozenset(), lambda one: one)
    yield from _of_files(shape)
    yield from _quiet(shape)
    for one in shape.instructions:
        yield from _of_instruction(one)
    yield from _of_order(shape)
    yield from _around(shape)


def pairs(shape: Project, count: int, seed: int) -> Iterator[Mutation]:
    """Yield changes made two or three at a time."""
    random = Random(seed)  # noqa: S311 - the same each time
    singles = [one for one in mutations(shape) if one.touches]
    made = 0
    while made < count:
        some = random.sample(singles, random.choice((2, 2, 3)))
        touched = [each for one in some for each in one.touches]
        if len(touched) == len(set(touched)) and not ({"all"} & set(touched) and len(some) > 2):
            made += 1
            yield combined(some)


def combined(some: list[Mutation]) -> Mutation:
    """Return several changes as one."""

    def changed(one: Project) -> Project:
        for each in some:
            one = each.changed(one)
        return one

    def quietly(folder: Path) -> None:
        for each in some:
            each.quietly(folder)

    names = " and ".join(each.name for each in some)
    touches = frozenset(each for one in some for each in one.touches)
    stale = frozenset(path for one in some for path in one.stale)
    return Mutation(names, touches, changed, quietly, stale, any(one.prunes for one in some))


def _of_files(shape: Project) -> Iterator[Mutation]:
    for path in ("src/a.go", "docs/one.md", "notes.txt", "go.mod", "big.log", ".git/index"):
        if old := shape.files.get(path):
            yield _file(f"edit {path}", path, replace(old, text="edited"))
    for path, mode in (("src/run.sh", 0o700), ("src/a.go", 0o600), ("docs/two.txt", 0o755)):
        yield _file(f"mode of {path}", path, replace(shape.files[path], mode=mode))
    yield _file("content and mode of src/b.go", "src/b.go", File("new", 0o640))
    for path in ("src/new.go", "docs/new.md", "new.txt", "src/x.tmp"):
        yield _file(f"add {path}", path, File(f"new {path}"))
    yield _file("add empty folder src/empty", "src/empty", File(kind="folder", mode=0o755))
    yield _file("remove src/deep/c.go", "src/deep/c.go", None)
    yield _file("remove docs/two.txt", "docs/two.txt", None)
    for path, other in (("src/run.sh", "src/go.sh"), ("src/deep/c.go", "src/c.go"), ("docs/two.txt", "docs/2.txt")):
        yield combined([_file(f"remove {path}", path, None), _file(f"add {other}", other, shape.files[path])])
    yield _file("link elsewhere", "src/l", File("b.go", 0o777, "link"))
    yield _file("link to a file", "src/l", File("was a link"))
    yield _file("file to a link", "src/run.sh", File("a.go", 0o777, "link"))
    yield _file("xattr and touch", "src/b.go", replace(shape.files["src/b.go"], xattr="v"))
    for path in ("lib/x", "unused", "lib/new") if shape.named else ():
        yield Mutation(f"{path} of the named context", frozenset({f"{NAMED} {path}"}), _with_named(path))
    if shape.ignore:
        yield Mutation("one more ignored", frozenset({"ignore", "notes.txt"}), _with_notes_ignored)


def _file(name: str, path: str, file: File | None) -> Mutation:
    return Mutation(name, frozenset({path}), lambda one: one.with_file(path, file))


def _with_named(path: str) -> Change:
    return lambda one: replace(one, named={**one.named, path: File("edited")})


def _with_notes_ignored(one: Project) -> Project:
    ignores = one.ignores
    return replace(one, ignore=f"{one.ignore}notes.txt\n", ignores=lambda path: ignores(path) or path == "notes.txt")


def _quiet(shape: Project) -> Iterator[Mutation]:
    def touch(folder: Path) -> None:
        for path in shape.files:
            os.utime(folder / "work" / path, (1_600_000_000, 1_600_000_000), follow_symlinks=False)

    def same_time(folder: Path) -> None:
        place = folder / "work/src/a.go"
        before = place.stat()
        place.write_text("A")
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    def hard_link(folder: Path) -> None:
        place = folder / "work/docs/one.md"
        os.link(place, folder / "other")
        place.unlink()
        (folder / "other").rename(place)

    yield Mutation("touch all", frozenset({"times"}), lambda one: one, touch)
    yield Mutation("rewritten as it was", frozenset({"docs/one.md"}), lambda one: one, hard_link)
    yield Mutation(
        "other bytes, size and time as before",
        frozenset({"src/a.go", "times"}),
        lambda one: one,
        same_time,
        frozenset({"src/a.go"}),
    )
    yield Mutation(
        "only an xattr",
        frozenset({"src/run.sh", "times"}),
        lambda one: one,
        lambda folder: os.setxattr(folder / "work/src/run.sh", "user.x", b"1"),
        frozenset({"src/run.sh"}),
    )
    yield Mutation(
        "only a folder's mode",
        frozenset({FOLDER, "times"}),
        lambda one: one,
        lambda folder: (folder / "work" / FOLDER).chmod(0o700),
        frozenset({FOLDER}),
    )


def _of_instruction(one: Instruction) -> Iterator[Mutation]:
    match one.word:
        case "RUN":
            yield from _of_run(one)
        case "COPY" | "ADD" if "\n" in one.rest:
            yield _instead("other text", one, replace(one, rest=one.rest.replace("text", "another text")))
        case "COPY" | "ADD":
            yield from _of_copy(one)
        case "WORKDIR":
            yield _instead("another folder", one, replace(one, rest=f"{one.rest}/more"))
        case "ENV":
            yield _instead("value", one, replace(one, rest=f"{one.rest}-new"))
            yield _instead("gone", one)
        case "ARG":
            name = one.rest.partition("=")[0]
            if name == "TAG":
                changed = combined([_argument(one, name, "other"), _image("other tag", "busybox:other", "v2")])
                yield replace(changed, name="argument TAG")
            else:
                yield _argument(one, name, "9")
                yield _instead("default", one, replace(one, rest=f"{name}=8"))


def _of_run(one: Instruction) -> Iterator[Mutation]:
    def above(name: str, word: str, rest: str) -> Mutation:
        return _instead(f"{name} above", one, Instruction(f"{name} {one.id}", word, (), rest), one)

    def with_flags(name: str, *flags: str) -> Mutation:
        return _instead(name, one, replace(one, flags=flags))

    heredoc = "\n" in one.rest
    words = one.rest.replace("echo", "echo  -n", 1) if heredoc else f"true && {one.rest}"
    yield _instead("other words", one, replace(one, rest=words))
    yield with_flags("network", *one.flags, "--network=none")
    yield with_flags("one more cache mount", *one.flags, f"--mount=type=cache,target=/c{one.id},id=c{one.id}")
    yield above("user", "USER", "0")
    yield above("variable", "ENV", "NEW=1")
    yield above("new step", "RUN", "echo something else altogether")
    yield above("label", "LABEL", "a=b")
    if one.free and not one.flags:
        yield _instead("gone", one)
        yield _instead("exec form", one, replace(one, rest='["/bin/true"]'))
    if "--mount=type=cache,target=/cache" in one.flags:
        yield with_flags("id of a cache mount", "--mount=type=cache,target=/cache,id=other")
        yield with_flags("mount gone")
        yield with_flags("mount elsewhere", "--mount=type=cache,target=/elsewhere")
    if "--mount=type=cache,target=/two,id=custom" in one.flags:
        yield with_flags("another id of its own", "--mount=type=cache,target=/two,id=another", *one.flags[1:])
    if "--mount=type=secret,id=pass" in one.flags:
        yield with_flags("secret by another name", "--mount=type=secret,id=word")


def _of_copy(one: Instruction) -> Iterator[Mutation]:
    def with_flag(name: str, value: str) -> Mutation:
        others = (flag for flag in one.flags if not flag.startswith(f"--{name}="))
        return _instead(name, one, replace(one, flags=(*others, f"--{name}={value}")))

    yield with_flag("chown", "7:8")
    if not one.flag("from") and "--link" not in one.flags:
        yield with_flag("chmod", "755")
    if one.free:
        yield _instead("elsewhere", one, replace(one, rest=f"{one.rest.split()[0]} /elsewhere/"))
        yield _instead("gone", one)
    if one.rest.startswith("docs/one.md"):
        yield _instead("another file", one, replace(one, rest="notes.txt /docs/"))


def _instead(name: str, one: Instruction, *others: Instruction) -> Mutation:
    title = one.text.partition("\n")[0]
    return Mutation(f"{name} at {title}", frozenset({one.id}), lambda each: each.with_instruction(one.id, *others))


def _argument(one: Instruction, name: str, value: str) -> Mutation:
    def changed(each: Project) -> Project:
        return replace(each, arguments={**each.arguments, name: value})

    return Mutation(f"argument {name}", frozenset({one.id}), changed)


def _of_order(shape: Project) -> Iterator[Mutation]:
    """Swap two steps that do not need each other, and two variables."""
    for first, second in pairwise(shape.instructions):
        if (first.free and second.free) or first.word == second.word == "ENV":
            touches = frozenset({first.id, second.id})
            yield Mutation(f"swap {first.text} and {second.text}", touches, _swapped(first.id, second.id))


def _swapped(first: str, second: str) -> Change:
    def changed(one: Project) -> Project:
        order = list(one.instructions)
        ids = [each.id for each in order]
        at = ids.index(first), ids.index(second)
        order[at[0]], order[at[1]] = order[at[1]], order[at[0]]
        return replace(one, instructions=tuple(order))

    return changed


def _image(name: str, image: str, variant: str) -> Mutation:
    def changed(one: Project) -> Project:
        return replace(one, images={**one.images, image: variant})

    return Mutation(name, frozenset({"images"}), changed)


def _around(shape: Project) -> Iterator[Mutation]:
    """Change flags, images and what is elsewhere."""

    def flags(name: str, *words: str) -> Mutation:
        return Mutation(name, frozenset({name}), lambda one: replace(one, flags=(*one.flags, *words)))

    yield flags("no cache", "--no-cache")
    stages = [one.rest.partition(" AS ")[2] for one in shape.instructions if one.word == "FROM"]
    if stages[0]:
        yield flags("no cache of a stage", f"--no-cache-filter={stages[0]}")
    yield flags("a host", "--add-host=more:10.0.0.1")
    yield flags("memory", "--shm-size=128m")
    yield flags("a label", "--label=a=b")
    yield flags("an argument that nothing declares", "--build-arg=NOTHING=1")
    yield flags("a proxy", "--build-arg=no_proxy=example.org")
    base = shape.images["busybox:base"]
    if base == "v1":
        for name, variant in (("other layers", "v2"), ("other label", "relabel"), ("other variables", "env")):
            yield _image(f"base of {name}", "busybox:base", variant)
    if base == "onb1":
        yield _image("base of other ONBUILD", "busybox:base", "onb2")
        yield _image("base without ONBUILD", "busybox:base", "v1")
    if "busybox:other" in shape.images:
        yield _image("another image moved", "busybox:other", "v2")
    if base == "multi" and len(shape.platforms) == 1:
        yield Mutation("another platform", frozenset({"platforms"}), lambda one: replace(one, platforms=("linux/386",)))
    if shape.served:
        yield Mutation(
            "what an address serves", frozenset({"served"}), lambda one: replace(one, served={"file": "other"})
        )
    if base == "v1" and not shape.named:
        yield Mutation("another secret", frozenset({"secret"}), lambda one: replace(one, secret="two"))
    yield Mutation("prune", frozenset({"builder"}), lambda one: one, prunes=True)

"""What is told to do against a cause, and patches that do it."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.explain.sample_builds import Builder, Files
from core.explain.test_causes import instruction
from dockcache_tui.core.builds.build import SourceFile
from dockcache_tui.core.builds.cause import Fix
from dockcache_tui.core.builds.dockerfile import Dockerfile, read_dockerfile
from dockcache_tui.core.explain.cause_words import needless
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.dockerfile_edits import argument_moved, copied_first, next_run, pinned
from dockcache_tui.core.explain.fixes import diff, with_lines


def fix(text: str, files: Files, after: Files, **more: Any) -> Fix | None:
    """Return the fix of the first cause after a change."""
    builder = Builder()
    earlier = builder.build(text, files)
    this = builder.build(text, {**files, **after}, **more)
    return next(iter(causes(this, earlier).values())).fix


def applied(folder: Path, patch: str, command: str = "git") -> None:
    """Apply a patch in a folder."""
    words = {"git": ("git", "apply", "--whitespace=nowarn", "-"), "patch": ("patch", "-p1", "--fuzz=0", "--binary")}
    subprocess.run(words[command], input=patch.encode(), cwd=folder, check=True, capture_output=True, timeout=60)


VERSIONED = """\
FROM busybox AS build
# The commit
ARG COMMIT=none
ENV A=1
RUN fetch
COPY . /all

# What it is called
RUN make VERSION=$COMMIT
FROM busybox
RUN last
"""


def test_argument() -> None:
    """An argument that changed above what does not use it is declared just above its first user, comments and all."""
    found = fix(VERSIONED, {"a": "b"}, {}, request={"build-arg:COMMIT": "abc"})
    assert found == Fix(
        "Declare ARG COMMIT just above RUN make VERSION=$COMMIT, unless what runs before that reads it.",
        """\
--- a/Dockerfile
+++ b/Dockerfile
@@ -1,10 +1,10 @@
 FROM busybox AS build
-# The commit
-ARG COMMIT=none
 ENV A=1
 RUN fetch
 COPY . /all
 \n+# The commit
+ARG COMMIT=none
 # What it is called
 RUN make VERSION=$COMMIT
 FROM busybox
""",
    )


def test_argument_that_is_passed_on() -> None:
    """A variable that is set to the argument above the step is moved with it, which is told in words."""
    found = fix(VERSIONED.replace("ENV A=1", "ENV A=$COMMIT"), {"a": "b"}, {}, request={"build-arg:COMMIT": "abc"})
    assert found == Fix("Move ARG COMMIT and ENV A=$COMMIT below this step, unless what it runs reads them.")


def test_default_of_an_argument() -> None:
    """An argument whose default was edited is moved as one that was given."""
    builder = Builder()
    earlier = builder.build(VERSIONED, {"a": "b"})
    this = builder.build(VERSIONED.replace("=none", "=some"), {"a": "b"})
    found = next(iter(causes(this, earlier).values())).fix
    assert found
    assert found.text.startswith("Declare ARG COMMIT just above RUN make")
    assert "+ARG COMMIT=some\n" in found.patch


@pytest.mark.parametrize(
    ("request_more", "name"),
    [
        ({"filename": "Dockerfile", "vcs:localdir:dockerfile": "deploy"}, "deploy/Dockerfile"),
        ({"filename": "Dockerfile"}, "Dockerfile"),
        ({"filename": "odd name"}, ""),
        ({}, ""),
    ],
)
def test_dockerfiles_of_others(request_more: Mapping[str, str], name: str) -> None:
    """Of a build of others the Dockerfile is named as its builder tells; there is no patch where it tells no name."""
    builder = Builder()
    earlier = builder.build(VERSIONED, {"a": "b"})
    this = builder.build(VERSIONED, {"a": "b"}, {"build-arg:COMMIT": "abc", **request_more})
    (graph,) = this.evidence.graphs
    this = replace(this, evidence=replace(this.evidence, graphs=(replace(graph, dockerfile_path=""),)))
    found = next(iter(causes(this, earlier).values())).fix
    assert found
    assert found.patch.partition("\n")[0] == (f"--- a/{name}" if name else "")


@pytest.mark.parametrize(
    "text",
    [
        VERSIONED.replace("ENV A=1", "ENV A=$COMMIT"),
        VERSIONED.replace("RUN fetch", "RUN printenv | fetch"),
        VERSIONED.replace("=$COMMIT", ""),
        VERSIONED.replace("ARG COMMIT=none", "ARG COMMIT=none\nARG COMMIT"),
        VERSIONED.replace("ARG COMMIT=none", "ARG COMMIT=$A"),
    ],
)
def test_argument_that_stays(text: str) -> None:
    """It is not moved past what may read it or sets what it is made of, nor without a user, and words say the rest."""
    dockerfile = read_dockerfile(text)
    assert dockerfile
    step = next(one for one in dockerfile.instructions if "fetch" in one.rest)
    assert argument_moved(dockerfile, step, "COMMIT") is None


def test_several_arguments() -> None:
    """Of several arguments in one line only the one is moved."""
    dockerfile = read_dockerfile("FROM a\r\n# Both\r\nARG A=1 B C\r\nRUN x\r\nRUN $B")
    assert dockerfile
    moved = argument_moved(dockerfile, dockerfile.instructions[2], "B")
    assert moved == "FROM a\r\n# Both\r\nARG A=1 C\r\nRUN x\r\nARG B\r\nRUN $B"


LINES = (
    "ARG A=1", "ARG B=$A", "ARG A=2 B=3 C", "ARG A=2 B=$A C", "ARG C", "ENV D=$B", "ENV A=$C", "RUN one",
    "RUN two $A", "# about", "RUN cat <<EOF && \\\n  # inside\n  more\n$B\nFROM x\nEOF", "COPY . .", "WORKDIR /$C", "",
    "ONBUILD RUN $A", "FROM busybox AS s", "RUN printenv", "RUN ${C:-x}",
)  # fmt: skip


ENDS = st.sampled_from(["\n", "\r\n"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), max_size=9),
    st.sampled_from(["A=9", "B=$D", "C=9"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_same_instructions(lines: list[str], word: str, end: str) -> None:
    """After an argument was moved each instruction is there in its order, and its variables have the same values."""
    name = word[0]
    above = ["ARG C=global", "FROM busybox AS first", "ENV D=0", f"ARG {word}", "RUN first"]
    dockerfile = read_dockerfile("\n".join([*above, *lines, f"RUN last ${name}"]).replace("\n", end))
    assert dockerfile
    for step in dockerfile.instructions:
        if moved := argument_moved(dockerfile, step, name):
            after = read_dockerfile(moved)
            assert after
            assert sorted(words(after)) == sorted(words(dockerfile))
            assert list(meant(after)) == list(meant(dockerfile))
    if not lines:
        assert argument_moved(dockerfile, dockerfile.instructions[4], name)


def words(dockerfile: Dockerfile) -> Iterator[str]:
    """Yield the words of arguments, and all other lines."""
    for one in dockerfile.instructions:
        yield from (f"ARG {word}" for word in one.rest.split()) if one.word == "ARG" else (one.text.strip(),)


def meant(dockerfile: Dockerfile) -> Iterator[tuple[str, str]]:
    """Yield each instruction but ARG with its variables filled in."""
    values: dict[str, str] = {}
    for one in dockerfile.instructions:
        if one.word == "FROM":
            values.clear()
        if one.word != "ARG":
            yield one.word, filled(one.text.strip(), values)
        if one.word in ("ARG", "ENV"):
            pairs = (word.partition("=")[::2] for word in one.rest.split())
            values |= {key: filled(value, values) for key, value in pairs}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of variables."""
    return re.sub(r"\$\{?(\w+)", lambda name: values.get(name[1], "-"), text)


TEXTS = st.lists(st.sampled_from(["a", "b", "  c", "--- x", "@@", "\\", ""]), min_size=1, max_size=9)


@settings(max_examples=15, deadline=None)
@given(TEXTS, TEXTS, ENDS, st.booleans(), st.sampled_from(["git", "patch"]))
def test_diff(old: list[str], new: list[str], end: str, ends: bool, command: str) -> None:  # noqa: FBT001 - drawn
    """Git and patch make of the one text the other, whatever ends their lines."""
    if command == "patch" and not shutil.which(command):
        command = "git"
    before, after = end.join(old) + end * ends or "a", end.join(new)
    assume(before != after and after)
    with TemporaryDirectory() as name:
        file = Path(name, "Dockerfile")
        file.write_bytes(before.encode())
        applied(file.parent, diff("Dockerfile", before, after), command)
        assert file.read_bytes() == after.encode()


COPY_ALL = "FROM busybox\nCOPY . /all\nRUN make\n"


def test_left_out(tmp_path: Path) -> None:
    """What a build seldom reads is added to .dockerignore, which is made where there is none."""
    files: Files = {".git": None, ".git/HEAD": "a", "src": None, "src/__pycache__": None, "src/__pycache__/x": "1"}
    found = fix(COPY_ALL, files, {".git/HEAD": "b", "src/__pycache__/x": "2", "src/y": "n"})
    assert found
    assert found.text == "Add .git and __pycache__ to .dockerignore, unless the build reads them."
    applied(tmp_path, found.patch)
    assert (tmp_path / ".dockerignore").read_text() == ".git\n**/__pycache__\n"


@pytest.mark.parametrize(
    ("text", "ignore"),
    [
        (COPY_ALL.replace("make", "git describe"), SourceFile(".dockerignore", "")),
        (f"{COPY_ALL}COPY .git /g\n", SourceFile(".dockerignore", "")),
        (COPY_ALL, SourceFile(".dockerignore", "*\n!.git\n")),
        (COPY_ALL, SourceFile("../.dockerignore", "a\n")),
        (COPY_ALL, SourceFile(".dockerignore", "\udcff\n")),
        (COPY_ALL, None),
    ],
)
def test_not_left_out(text: str, ignore: SourceFile | None) -> None:
    """There is no patch for what the build seems to read, nor of a file that is not known or elsewhere."""
    builder = Builder()
    earlier = builder.build(text, {".git": None, ".git/HEAD": "a"})
    this = builder.build(text, {".git": None, ".git/HEAD": "b"})
    (graph,) = this.evidence.graphs
    contexts = (replace(graph.contexts[0], ignore=ignore),)
    this = replace(this, evidence=replace(this.evidence, graphs=(replace(graph, contexts=contexts),)))
    told = {instruction(this, digest): cause for digest, cause in causes(this, earlier).items()}
    assert told["COPY . /all"].fix == Fix("Add .git to .dockerignore, unless the build reads it.")


def test_added_to_what_is_there(tmp_path: Path) -> None:
    """Lines are added below those that are there, which keep their ends."""
    text = "a\r\n*.log"
    (tmp_path / ".dockerignore").write_bytes(text.encode())
    applied(tmp_path, diff(".dockerignore", text, with_lines(text, [".git"])))
    assert (tmp_path / ".dockerignore").read_bytes() == b"a\r\n*.log\r\n.git\r\n"


def test_base() -> None:
    """An image that changed is named by its digest wherever a stage begins with it, but not a stage of its name."""
    text = "FROM busybox AS base\nRUN one\nFROM base\nRUN two\n"
    found = fix(text, {}, {}, images={"busybox": "new"})
    assert found
    assert found.text == "Name the image by its digest, to decide when it changes."
    digest = re.escape(f"sha256:{sha256(b'new').hexdigest()}")
    assert re.search(rf"^-FROM busybox AS base\n\+FROM busybox@{digest} AS base$", found.patch, re.MULTILINE)
    dockerfile = read_dockerfile(
        "ARG V\nFROM --platform=linux/amd64 docker.io/library/app:1\nFROM app:$V\nFROM app AS x\nFROM app:1"
    )
    assert dockerfile
    named = pinned(dockerfile, "app:1", "sha256:0")
    assert named == "".join(dockerfile.lines).replace("app:1", "app:1@sha256:0")
    assert pinned(dockerfile, "other", "sha256:0") is None


def test_needless() -> None:
    """Only what a build seldom reads is named, at the top or anywhere as it is."""
    lines = {
        ".git/HEAD": ".git",
        "dev.Dockerfile": "dev.Dockerfile",
        "docker-compose.dev.yml": "docker-compose.dev.yml",
        ".vscode": ".vscode",
        "a/.DS_Store": "**/.DS_Store",
        "a/.git/HEAD": "",
        ".gitattributes": "",
        "a/Dockerfile": "",
        "odd Dockerfile": "",
    }
    assert {path: needless(path) for path in lines} == lines


NODE = """\
FROM node
WORKDIR /app
# All of it
COPY --chown=node . .

# What it needs
RUN --mount=type=cache,id=npm,target=/root/.npm npm ci --omit=dev
RUN npm run build
"""
NODE_FILES: Files = {"package.json": "{}", "package-lock.json": "{}", "src": None, "src/a.js": "a"}


def node_fix(manifest: str = "{}", after: Files | None = None, files: Files | None = None) -> Fix | None:
    """Return the fix after a change, where package.json says something."""
    builder = Builder()
    before = files or NODE_FILES
    earlier = builder.build(NODE, before)
    this = builder.build(NODE, {**before, **(after or {"src/a.js": "b"})})
    (graph,) = this.evidence.graphs
    contexts = (replace(graph.contexts[0], manifests=(SourceFile("package.json", manifest),)),)
    this = replace(this, evidence=replace(this.evidence, graphs=(replace(graph, contexts=contexts),)))
    told = {instruction(this, digest): cause for digest, cause in causes(this, earlier).items()}
    return told["COPY --chown=node . ."].fix


def test_dependencies_first() -> None:
    """An install right below the copy of all is run on the files that it needs, before the rest is copied."""
    assert node_fix() == Fix(
        "Copy package.json and package-lock.json first, and run npm ci --omit=dev before the rest is copied.",
        """\
--- a/Dockerfile
+++ b/Dockerfile
@@ -1,8 +1,9 @@
 FROM node
 WORKDIR /app
+COPY --chown=node package.json package-lock.json ./
+# What it needs
+RUN --mount=type=cache,id=npm,target=/root/.npm npm ci --omit=dev
+
 # All of it
 COPY --chown=node . .
-
-# What it needs
-RUN --mount=type=cache,id=npm,target=/root/.npm npm ci --omit=dev
 RUN npm run build
""",
    )


@pytest.mark.parametrize("script", ['{"scripts": {"prepare": "make"}}', '{"workspaces": ["a"]}', "["])
def test_dependencies_that_may_need_more(script: str) -> None:
    """An install that may need any other file is told in words only."""
    assert node_fix(script) == Fix(
        "Copy package.json and package-lock.json first, and run npm ci --omit=dev before the rest is copied,"
        " if it needs no other file."
    )


def test_both_fixes() -> None:
    """What a build seldom reads is left out too, by one patch of both files; a changed manifest is no reason to."""
    files = {**NODE_FILES, ".git": None, ".git/HEAD": "a"}
    found = node_fix(after={"src/a.js": "b", ".git/HEAD": "b"}, files=files)
    assert found
    assert found.text.startswith("Add .git to .dockerignore, unless the build reads it. Copy package.json and")
    assert found.patch.index("+++ b/.dockerignore") < found.patch.index("+++ b/Dockerfile")
    assert node_fix(after={"package.json": "{ }"}) == Fix(
        "Copy what the steps below need by its name, and the rest further down."
    )


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["COPY . .", "COPY . /app", "COPY ./ /app/", "COPY --chown=a . ./", "copy  . ."]),
    st.sampled_from(["RUN npm ci", "# npm\nRUN \\\n # inside\n npm ci"]),
    st.sampled_from(["", "\n", "\nRUN last", "\nRUN last\n", "\nFROM b\n"]),
    st.sampled_from(["\n", "\n\n", "\n# between\n\n"]),
    ENDS,
)
def test_moved_copy(copy: str, run: str, below: str, between: str, end: str) -> None:
    """All instructions are there once, and the named files are copied to the same place before the install."""
    text = f"FROM a\nWORKDIR /app\n# all\n{copy}{between}{run}{below}".replace("\n", end)
    dockerfile = read_dockerfile(text)
    assert dockerfile
    taken = dockerfile.instructions[2]
    below_it = next_run(dockerfile, taken)
    assert below_it is dockerfile.instructions[3]
    moved = copied_first(dockerfile, taken, below_it, ["a.json", "b"])
    assert moved
    after = read_dockerfile(moved)
    assert after
    told = [(one.word, one.rest) for one in after.instructions]
    before = [(one.word, one.rest) for one in dockerfile.instructions]
    dest = taken.arguments.partition(" ")[2].rstrip("/")
    first = ("COPY", " ".join((*taken.flags, f"a.json b {dest}/")))
    assert told == [*before[:2], first, before[3], before[2], *before[4:]]
    assert (moved.endswith(end), "\r" in moved) == (text.endswith(end), "\r" in text)


def test_not_right_below() -> None:
    """A copy of some files, to elsewhere or with other options, or with something below it, is left alone."""
    for text in (
        "COPY a .",
        "COPY . /b",
        "COPY --exclude=x . .",
        "COPY . .\nENV A=1",
        "COPY . .\nRUN a\nFROM b",
        "ADD . .",
    ):
        dockerfile = read_dockerfile(f"FROM a\nWORKDIR /app\n{text}\n")
        assert dockerfile
        run = next_run(dockerfile, dockerfile.instructions[2])
        assert (run is None) == ("RUN" not in text)

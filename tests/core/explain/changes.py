"""A project, changes of it, and what is said of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.explain.sample_builds import Builder, Files
from dockcache_tui.core.explain.traced_build import TracedBuild

FILES: Files = {
    ".git": None,
    ".git/HEAD": "main",
    "Dockerfile": "FROM",
    "go.mod": "module",
    "src": None,
    "src/a.go": "a",
    "src/b.sh": ("b", 0o644),
    "src/l": "->a.go",
    "u": None,
    "u/x": "unused",
}
TEXT = """
FROM busybox AS build
WORKDIR /w
COPY go.mod /w/
RUN echo deps
ARG A=1
RUN echo all
COPY src /w/src
RUN --mount=type=cache,target=/c,id=one touch /out
FROM busybox
RUN echo runtime
COPY --from=build /out /app
"""
DEPS, ALL, SRC, MAKE = "RUN echo deps", "RUN echo all", "COPY src /w/src", TEXT.splitlines()[8]
OUT = "COPY --from=build /out /app"


@dataclass(frozen=True)
class Change:
    """What a second build differs in, and what is said: the sentence of each step with a cause of its own."""

    said: Mapping[str, str]
    edit: tuple[str, str] = ("", "")
    files: Files = field(default_factory=dict)
    without: Sequence[str] = ()
    request: Mapping[str, str] = field(default_factory=dict)
    platform: str = "amd64"
    images: Mapping[str, str] = field(default_factory=dict)
    fix: str = ""

    def can_follow(self, text: str) -> bool:
        """Tell whether its edit can still be made."""
        return self.edit[0] in text


CHANGES: Mapping[str, Change] = {
    "nothing": Change({}),
    "unused file": Change({}, files={"u/x": "other"}),
    "content": Change({SRC: "src/a.go changed."}, files={"src/a.go": "other"}),
    "of two": Change({SRC: "src/a.go changed. 1 more path differs."}, files={"src/a.go": "c", "src/b.sh": "c"}),
    "mode": Change(
        {SRC: "The mode of src/b.sh changed from 0644 to 0755."},
        files={"src/b.sh": ("b", 0o755)},
        fix="Give it its mode back.",
    ),
    "folder mode": Change(
        {SRC: "The mode of src/ changed from 0755 to 0700."}, files={"src": (None, 0o700)}, fix="Give it its mode back."
    ),
    "added": Change({SRC: "src/n was added."}, files={"src/n": "new"}),
    "removed": Change({SRC: "src/a.go was removed."}, without=["src/a.go"]),
    "renamed": Change({SRC: "src/a.go was renamed to src/z.go."}, files={"src/z.go": "a"}, without=["src/a.go"]),
    "link": Change({SRC: "The link src/l points to b.sh instead of a.go."}, files={"src/l": "->b.sh"}),
    "type": Change({SRC: "src/l is a file and was a link."}, files={"src/l": "a"}),
    "one file": Change({"COPY go.mod /w/": "go.mod changed."}, files={"go.mod": "module b"}),
    "command": Change({"RUN echo some": "“all” in it became “some”."}, edit=("echo all", "echo some")),
    "word added": Change({"RUN echo all of it": "“of it” is new in it."}, edit=("echo all", "echo all of it")),
    "word removed": Change({"RUN echo": "“all” in it is gone."}, edit=("echo all", "echo")),
    "argument": Change(
        {ALL: "The build argument A changed from 1 to 2.", MAKE: "The build argument A changed from 1 to 2."},
        request={"build-arg:A": "2"},
        fix="Declare ARG A below this step, unless what it runs reads it.",
    ),
    "variable": Change(
        {ALL: "The variable A changed from 1 to 3.", MAKE: "The variable A changed from 1 to 3."},
        edit=("ARG A=1", "ENV A=3"),
        fix="Set A below this step, unless what it runs reads it.",
    ),
    "new variable": Change(
        {DEPS: "The variable B is new.", ALL: "The variable B is new.", MAKE: "The variable B is new."},
        edit=("WORKDIR", "ENV B=1\nWORKDIR"),
        fix="Set B below this step, unless what it runs reads it.",
    ),
    "variable gone": Change(dict.fromkeys((ALL, MAKE), "The variable A is gone."), edit=("ARG A=1\n", "")),
    "secret": Change(
        {ALL: "The variable API_TOKEN is new.", MAKE: "The variable API_TOKEN is new."},
        edit=("ARG A=1\n", "ARG A=1\nENV API_TOKEN=ghp_x\n"),
        fix="Set API_TOKEN below this step, unless what it runs reads it.",
    ),
    "user": Change(
        {ALL: "It runs as 0 instead of root.", MAKE: "It runs as 0 instead of root."},
        edit=("RUN echo all", "USER 0\nRUN echo all"),
    ),
    "dest": Change({"COPY src /w/s": "It writes to /w/s instead of /w/src."}, edit=(SRC, "COPY src /w/s")),
    "chmod": Change(
        {"COPY --chmod=640 src /w/src": "It gives its files the mode 0640 instead of their own."},
        edit=(SRC, "COPY --chmod=640 src /w/src"),
    ),
    "other source": Change({"COPY u /w/src": "“/src” in it became “/u”."}, edit=(SRC, "COPY u /w/src")),
    "workdir": Change(
        {
            "WORKDIR /v": "It writes to /v instead of /w.",
            **dict.fromkeys((DEPS, ALL, MAKE), "It runs in /v instead of /w."),
        },
        edit=("WORKDIR /w", "WORKDIR /v"),
    ),
    "mount gone": Change({"RUN touch /out": "Its cache mount at /c is gone."}, edit=(MAKE, "RUN touch /out")),
    "mount moved": Change({MAKE.replace("/c", "/d"): "Its mount at /c is now at /d."}, edit=("target=/c", "target=/d")),
    "mount id": Change({}, edit=("id=one", "id=two")),
    "mount without id": Change(
        {MAKE.replace("=one", "=/c"): "Its mount at /c has the id /c instead of one."}, edit=("id=one", "id=/c")
    ),
    "base": Change(
        {
            "WORKDIR /w": "The image busybox changed: it is 11507a0e2f5e and was 9d75f0d7c398.",
            "RUN echo runtime": "The image busybox changed: it is 11507a0e2f5e and was 9d75f0d7c398.",
        },
        images={"busybox": "new"},
        fix="Name the image by its digest, to decide when it changes.",
    ),
    "other base": Change(
        {"RUN echo runtime": "The image is busybox:v2 instead of busybox."},
        edit=("FROM busybox\n", "FROM busybox:v2\n"),
    ),
    "platform": Change(
        dict.fromkeys(
            ("WORKDIR /w", DEPS, ALL, MAKE, "RUN echo runtime"), "The platform changed from linux/amd64 to linux/arm64."
        ),
        platform="arm64",
    ),
    "new step": Change({"RUN more": "The earlier build had no such step."}, edit=(SRC, f"RUN more\n{SRC}")),
    "new last step": Change({"RUN more": "The earlier build had no such step."}, edit=(OUT, f"{OUT}\nRUN more")),
    "new step and edit": Change(
        {
            "RUN mkdir /tidy": "The earlier build had no such step.",
            "RUN echo some": "“all” in it became “some”.",
        },
        edit=(ALL, "RUN mkdir /tidy\nRUN echo some"),
    ),
    "step gone": Change({SRC: "The step that was above it is gone: “RUN echo all”."}, edit=("RUN echo all\n", "")),
    "steps swapped": Change(
        {ALL: "It now builds on “COPY go.mod /w/”, and before on “RUN echo deps”.", DEPS: "The variable A is new."},
        edit=(f"{DEPS}\nARG A=1\n{ALL}", f"ARG A=1\n{ALL}\n{DEPS}"),
        fix="Set A below this step, unless what it runs reads it.",
    ),
    "no cache": Change(
        dict.fromkeys(
            ("COPY go.mod /w/", DEPS, ALL, SRC, MAKE, "RUN echo runtime", OUT), "--no-cache says to reuse nothing."
        ),
        request={"no-cache": ""},
        fix="Build without --no-cache.",
    ),
}


def build(builder: Builder, *changes: Change) -> TracedBuild:
    """Build the project with some changes."""
    text, files, request, images = TEXT, dict(FILES), dict[str, str](), dict[str, str]()
    platform = "amd64"
    for change in changes:
        text = text.replace(*change.edit, 1)
        files |= change.files
        files = {path: told for path, told in files.items() if path not in change.without}
        request |= change.request
        images |= change.images
        platform = change.platform if change.platform != "amd64" else platform
    return builder.build(text, files, request, platform=platform, images=images)

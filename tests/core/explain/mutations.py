"""A project like many, what may change between two builds of it, and what `explain` prints of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.explain.sample_builds import Files

FILES: Files = {
    ".dockerignore": "Dockerfile\n.dockerignore\nunread\n",
    "go.mod": "module",
    "go.sum": "sums",
    "main.go": "main",
    "run.sh": ("run", 0o644),
}
TEXT = """\
FROM busybox AS build
WORKDIR /w
COPY go.mod go.sum /w/
RUN echo deps
COPY . /w/
ARG A=1
RUN --mount=type=cache,target=/c,id=one touch /out
RUN echo other
FROM busybox
COPY --from=build /out /app
"""
NOT_SENT = (".dockerignore", "unread")
MAKE = "RUN --mount=type=cache,target=/c,id=one touch /out"
ALL_REUSED = "All steps that could be reused were reused.\n"


@dataclass(frozen=True)
class Mutation:
    """What differs in a second build, and what is printed below its head."""

    printed: str = ALL_REUSED
    edit: tuple[str, str] = ("", "")
    files: Files = field(default_factory=dict)
    without: tuple[str, ...] = ()
    request: Mapping[str, str] = field(default_factory=dict)
    platform: str = "amd64"
    images: Mapping[str, str] = field(default_factory=dict)
    forgets: str = ""
    """The instruction whose result is pruned between the builds."""
    lost: str = ""
    """The instruction of which a cache has no data."""
    copies: bool = False
    """Whether the last COPY runs; else it is reused, since what it takes came out equal."""


MUTATIONS: Mapping[str, Mutation] = {
    "nothing": Mutation(),
    "a file that is not sent": Mutation(files={"unread": "other"}),
    "a comment": Mutation(edit=("RUN echo deps", "# why\nRUN echo deps")),
    "another name of the stage": Mutation(edit=("build", "made")),
    "a label": Mutation(request={"label:a": "b"}),
    "an argument that is not declared": Mutation(request={"build-arg:B": "1"}),
    "another id of a cache mount": Mutation(edit=("id=one", "id=two")),
    "content": Mutation(
        """\
COPY . /w/ (build, line 5)
    main.go changed.
    main.go: 4 bytes 0d6e4079e367 -> 5 bytes d9298a10d1b0
    2 more steps ran because of it: RUN --mount=type=cache,target=/c,id=one touch /out, RUN echo other.
    What helps: Copy what the steps below need by its name, and the rest further down.
""",
        files={"main.go": "other"},
    ),
    "a rename": Mutation(
        """\
COPY . /w/ (build, line 5)
    main.go was renamed to cmd.go.
    cmd.go (renamed): main.go -> cmd.go
    2 more steps ran because of it: RUN --mount=type=cache,target=/c,id=one touch /out, RUN echo other.
    What helps: Copy what the steps below need by its name, and the rest further down.
""",
        files={"cmd.go": "main"},
        without=("main.go",),
    ),
    "a mode": Mutation(
        """\
COPY . /w/ (build, line 5)
    The mode of run.sh changed from 0644 to 0755.
    run.sh (mode): 0644 -> 0755
    2 more steps ran because of it: RUN --mount=type=cache,target=/c,id=one touch /out, RUN echo other.
    What helps: Give it its mode back.
""",
        files={"run.sh": ("run", 0o755)},
    ),
    "content of what is copied twice": Mutation(
        """\
COPY go.mod go.sum /w/ (build, line 3)
    go.sum changed.
    go.sum: 4 bytes 2220e3c51f09 -> 5 bytes d9298a10d1b0
    1 more step ran because of it: RUN echo deps.

COPY . /w/ (build, line 5)
    go.sum changed.
    go.sum: 4 bytes 2220e3c51f09 -> 5 bytes d9298a10d1b0
    2 more steps ran because of it: RUN --mount=type=cache,target=/c,id=one touch /out, RUN echo other.
    What helps: Copy what the steps below need by its name, and the rest further down.
""",
        files={"go.sum": "other"},
    ),
    "the words of a command": Mutation(
        """\
RUN echo dependencies (build, line 4)
    “deps” in it became “dependencies”.
    deps -> dependencies
    3 more steps ran because of it: COPY . /w/, RUN --mount=type=cache,target=/c,id=one touch /out, RUN echo other.
""",
        edit=("echo deps", "echo dependencies"),
    ),
    "the value of an argument": Mutation(
        """\
RUN --mount=type=cache,target=/c,id=one touch /out (build, line 7)
RUN echo other (build, line 8)
    The build argument A changed from 1 to 2.
    A: 1 -> 2
    What helps: Declare ARG A below this step, unless what it runs reads it.
""",
        request={"build-arg:A": "2"},
    ),
    "the image": Mutation(
        """\
WORKDIR /w (build, line 2)
COPY --from=build /out /app (stage-1, line 10)
    The image busybox changed: it is 11507a0e2f5e and was 9d75f0d7c398.
    busybox (digest): 9d75f0d7c398 -> 11507a0e2f5e
    5 more steps ran because of it: COPY go.mod go.sum /w/, RUN echo deps, COPY . /w/ and 2 more.
    What helps: Name the image by its digest, to decide when it changes.
    --- a/Dockerfile
    +++ b/Dockerfile
    @@ -1,4 +1,4 @@
    -FROM busybox AS build
    +FROM busybox@sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437 AS build
     WORKDIR /w
     COPY go.mod go.sum /w/
     RUN echo deps
    @@ -6,5 +6,5 @@
     ARG A=1
     RUN --mount=type=cache,target=/c,id=one touch /out
     RUN echo other
    -FROM busybox
    +FROM busybox@sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437
     COPY --from=build /out /app
""",
        images={"busybox": "new"},
        copies=True,
    ),
    "the platform": Mutation(
        """\
WORKDIR /w (build, line 2)
RUN echo deps (build, line 4)
RUN --mount=type=cache,target=/c,id=one touch /out (build, line 7)
RUN echo other (build, line 8)
COPY --from=build /out /app (stage-1, line 10)
    The platform changed from linux/amd64 to linux/arm64.
    busybox (platform): linux/amd64 -> linux/arm64
    2 more steps ran because of it: COPY go.mod go.sum /w/, COPY . /w/.
""",
        platform="arm64",
        copies=True,
    ),
    "--no-cache": Mutation(
        """\
COPY go.mod go.sum /w/ (build, line 3)
RUN echo deps (build, line 4)
COPY . /w/ (build, line 5)
RUN --mount=type=cache,target=/c,id=one touch /out (build, line 7)
RUN echo other (build, line 8)
COPY --from=build /out /app (stage-1, line 10)
    --no-cache says to reuse nothing.
    What helps: Build without --no-cache.
""",
        request={"no-cache": ""},
        copies=True,
    ),
    "--no-cache-filter": Mutation(
        """\
COPY go.mod go.sum /w/ (build, line 3)
RUN echo deps (build, line 4)
COPY . /w/ (build, line 5)
RUN --mount=type=cache,target=/c,id=one touch /out (build, line 7)
RUN echo other (build, line 8)
    --no-cache-filter=build says not to reuse its stage.
    What helps: Build without --no-cache-filter.
""",
        request={"no-cache": "build"},
    ),
    "a prune": Mutation(
        """\
RUN echo other (build, line 8)
    Nothing that it depends on changed, but the builder no longer has its result.
    last seen 1970-01-01T00:00:01Z, gone since 1970-01-01T00:00:02Z
""",
        forgets="RUN echo other",
    ),
    "lost data": Mutation(
        """\
RUN echo other (build, line 8)
    The cache named its result, but the data of it was gone.
    What helps: Write the cache anew with --cache-to.
""",
        lost="RUN echo other",
    ),
}

"""Shapes of builds beyond the cases: a project, how it is built, and what is reused when its file `f` changed."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shape:
    """A Dockerfile, flags, and how many steps of how many are reused.

    `again` are flags of the second build only. It has all flags of the first one, unless it imports a cache: then
    the builder has forgotten everything. `changed` changes something else than `f`, in what the web server serves.
    """

    dockerfile: str
    reused: int
    counted: int
    flags: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    bake: str = ""
    changed: Callable[[Path], object] | None = None

    @property
    def imports(self) -> bool:
        """Tell whether the second build imports a cache."""
        return any(word.startswith("--cache-from") for word in self.again)


RUN_AND_COPY = "FROM busybox\nRUN echo a\nCOPY f /f\n"
TWO_STAGES = "FROM busybox AS a\nRUN echo same\nCOPY f /f\nFROM busybox AS b\nRUN echo same\nCOPY --from=a /f /f\n"
APART = "FROM busybox AS a\nRUN echo a > /a\nFROM busybox AS b\nRUN echo b\nCOPY --from=a /a /a\n"
TWO_TARGETS = 'group "default" { targets = ["one", "two"] }\ntarget "one" { ONE }\ntarget "two" { TWO }\n'
ON_A_TARGET = """\
target "base" { dockerfile-inline = "FROM busybox\\nRUN echo base" }
target "default" { contexts = { base = "target:base" } }
"""
PLATFORMS = ("--platform=linux/amd64,linux/386",)
OCI = "--output=type=oci,dest=@OUT@"
PUSHED = "--output=type=registry,name=@REG@/pushed"
FROM_FOLDER, FROM_REGISTRY = "--cache-from=type=local,src=@OUT@", "--cache-from=type=registry,ref=@REG@/c:1"
TO_FOLDER, TO_REGISTRY = "--cache-to=type=local,dest=@OUT@,mode=", "--cache-to=type=registry,ref=@REG@/c:1,mode="


def two_targets(one: str, two: str) -> str:
    """Return a bake file of two targets."""
    return TWO_TARGETS.replace("ONE", one).replace("TWO", two)


def lines(*instructions: str) -> str:
    """Return a Dockerfile on busybox."""
    return "\n".join(("FROM busybox", *instructions, ""))


SHAPES = {
    # what a Dockerfile may say
    "heredoc run": Shape(lines("RUN <<EOF\necho one\nEOF", "COPY f /f"), 1, 2),
    "heredoc copy": Shape(lines("COPY <<EOF /x\none\nEOF", "COPY f /f"), 1, 2),
    "from only": Shape("FROM busybox\n", 0, 0),
    "workdir": Shape(lines("WORKDIR /w", "COPY f .", "WORKDIR /w/x"), 1, 3),
    "onbuild": Shape("FROM busybox:onb1\nCOPY f /f\n", 1, 2),
    "args in names": Shape(lines("ARG A=x", "WORKDIR /$A", "RUN echo $A", "COPY f /$A/f"), 2, 3),
    "mounts": Shape(
        lines(
            "RUN --mount=type=cache,target=/c --mount=source=g,target=/g true", "RUN --mount=source=f,target=/f true"
        ),
        *(1, 2),
    ),
    "nothing changed": Shape(lines("RUN echo a", "COPY g /g"), 2, 2),
    "two stages of one text": Shape(TWO_STAGES, 1, 3),
    "early stage": Shape(TWO_STAGES, 1, 2, ("--target=a",)),
    "copy of an image": Shape(lines("COPY --from=busybox:v2 /more /more", "COPY f /f"), 1, 2),
    "parents and exclude": Shape(lines("COPY --parents more/g /", "COPY --exclude=g . /all/"), 1, 2),
    # linked copies
    "three links": Shape(lines("COPY --link g /1", "COPY --link f /2", "COPY --link g /3"), 2, 3),
    "links with owner and mode": Shape(
        lines(
            "COPY --link --chown=5:6 g /1",
            "COPY --link --chown=7 f /2",
            "COPY --link --chown=5:6 --chmod=640 g /3",
            "COPY --link --chmod=u+x g /4",
        ),
        *(1, 4),  # with --chmod it is a copy like any other
    ),
    "link on scratch": Shape("FROM scratch\nCOPY --link g /1\nCOPY --link f /2\n", 1, 2),
    "linked stage": Shape(
        "FROM busybox AS a\nRUN echo a > /a\nFROM busybox\nCOPY f /f\nCOPY --link --from=a /a /a\n", 2, 3
    ),
    # what is added from afar
    "add link": Shape(lines("ADD --link @HTTP@/x /x", "COPY f /f"), 1, 2),
    "add twice": Shape(lines("ADD @HTTP@/x /x", "ADD @HTTP@/x /y", "COPY f /f"), 2, 3),
    "add with checksum": Shape(lines("ADD --checksum=@SUM@ @HTTP@/x /x", "COPY f /f"), 1, 2),
    "add with checksum, gone": Shape(
        lines("ADD --checksum=@SUM@ @HTTP@/x /x", "COPY g /g"), 2, 2, changed=lambda www: (www / "x").unlink()
    ),
    "add of another time": Shape(
        lines("ADD @HTTP@/x /x", "COPY g /g"), 2, 2, changed=lambda www: os.utime(www / "x", (1, 1))
    ),
    "add of another content": Shape(
        lines("ADD @HTTP@/x /x", "COPY g /g"), 0, 2, changed=lambda www: (www / "x").write_text("another")
    ),
    "add git": Shape(lines("ADD @GIT@/r.git#main /r", "COPY f /f"), 1, 2),
    "add git with checksum": Shape(lines("ADD --checksum=@COMMIT@ @GIT@/r.git#main /r", "COPY f /f"), 1, 2),
    "add git link": Shape(lines("ADD --link @GIT@/r.git#main /r", "COPY f /f"), 1, 2),
    # named contexts and platforms
    "named context": Shape(lines("COPY --from=other g /g", "COPY f /f"), 1, 2, ("--build-context", "other=more")),
    "named image": Shape(
        "FROM other\nRUN echo a\nCOPY f /f\n", 1, 2, ("--build-context", "other=docker-image://busybox:v2")
    ),
    "two platforms": Shape("FROM busybox:multi\nRUN echo a\nCOPY f /f\n", 2, 4, PLATFORMS),
    "built here for two platforms": Shape(
        "FROM --platform=$BUILDPLATFORM busybox:multi AS a\nRUN echo a > /a\n"
        "FROM busybox:multi\nCOPY f /f\nCOPY --from=a /a /a\n",
        *(1, 5, PLATFORMS),
    ),
    # flags
    "a wider target": Shape(TWO_STAGES, 1, 3, ("--target=a",), ("--target=b",)),
    "no cache": Shape(RUN_AND_COPY, 0, 2, again=("--no-cache",)),
    "no cache of all stages": Shape(TWO_STAGES, 0, 3, again=("--no-cache-filter=a,b",)),
    "no cache of a stage": Shape(APART, 1, 3, again=("--no-cache-filter=b",)),
    "no cache of a stage below": Shape(APART, 2, 3, again=("--no-cache-filter=a",)),
    # what comes with the result, and where it goes
    "provenance of little": Shape(RUN_AND_COPY, 1, 2, ("--provenance=mode=min", OCI)),
    "provenance": Shape(RUN_AND_COPY, 1, 2, ("--provenance=mode=max", OCI)),
    "no provenance": Shape(RUN_AND_COPY, 1, 2, ("--provenance=false", OCI)),
    "bill of materials": Shape(RUN_AND_COPY, 1, 2, ("--attest=type=sbom,generator=busybox:sbom", OCI)),
    "folder": Shape(RUN_AND_COPY, 1, 2, ("--output=type=local,dest=@OUT@",)),
    "tar": Shape(RUN_AND_COPY, 1, 2, ("--output=type=tar,dest=@OUT@",)),
    "docker archive": Shape(RUN_AND_COPY, 1, 2, ("--output=type=docker,dest=@OUT@",)),
    "only cache": Shape(RUN_AND_COPY, 1, 2, ("--output=type=cacheonly",)),
    "pushed": Shape(RUN_AND_COPY, 1, 2, (PUSHED,)),
    "two outputs": Shape(RUN_AND_COPY, 1, 2, (PUSHED, OCI)),
    # bake
    "bake": Shape(TWO_STAGES, 1, 3, bake=two_targets('target = "a"', 'target = "b"')),
    "bake of one stage": Shape(RUN_AND_COPY, 1, 2, bake=two_targets("", 'tags = ["two"]')),
    "bake of other arguments": Shape(
        lines("RUN echo a", "ARG A", "RUN echo $A", "COPY f /f"), 3, 5, bake=two_targets('args = { A = "1" }', "")
    ),
    "bake on a target": Shape("FROM base\nRUN echo b\nCOPY f /f\n", 2, 3, bake=ON_A_TARGET),
    # caches that are read
    "local import": Shape(RUN_AND_COPY, 1, 2, (f"{TO_FOLDER}max",), (FROM_FOLDER,)),
    "local import of little": Shape(TWO_STAGES, 1, 3, (f"{TO_FOLDER}min",), (FROM_FOLDER,)),
    "registry import": Shape(RUN_AND_COPY, 1, 2, (f"{TO_REGISTRY}max",), (FROM_REGISTRY,)),
    "import that is exported": Shape(RUN_AND_COPY, 1, 2, (f"{TO_REGISTRY}max",), (FROM_REGISTRY, OCI)),
    "two imports": Shape(RUN_AND_COPY, 1, 2, (f"{TO_FOLDER}max", f"{TO_REGISTRY}max"), (FROM_FOLDER, FROM_REGISTRY)),
    "import of nothing": Shape(RUN_AND_COPY, 0, 2, again=("--cache-from=type=registry,ref=@REG@/nothing",)),
    "inline import": Shape(
        RUN_AND_COPY, 1, 2, ("--cache-to=type=inline", PUSHED), ("--cache-from=type=registry,ref=@REG@/pushed",)
    ),
}

"""Time how long it takes to say why steps ran, for a project of 20,000 files: `benchmarks/explain.py [--json]`.

The journal has a dozen earlier builds of it. The time begins when all that is known of the build was kept, as is done
at its end; beside it stands how long the same machine takes to read the same files, which goes on beside a build.
"""

import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import read_ops
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import Checkout, Project
from dockcache_tui.sources.context_reader import ContextReader
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.explanations import Explanations
from dockcache_tui.sources.journal import Journal

FOLDERS, FILES, EARLIER, RUNS, RUNS_OF_DOCKERFILE = 200, 100, 12, 5, 12
WARM = 3
"""Where the last step is that the edit does not reach."""
PROJECT = Project("/project")


def make(root: Path) -> None:
    """Write files of some kB in folders of a hundred."""
    for number in range(FOLDERS):
        folder = root / f"module{number}" / "src"
        folder.mkdir(parents=True)
        for name in range(FILES):
            (folder / f"file{name}.py").write_text(f"{number} {name}\n" * 300)


def operations() -> str:
    """Return a provenance of `COPY go.mod`, `RUN`, `COPY . .` and a dozen more RUNs."""
    platform = {"Architecture": "amd64", "OS": "linux"}
    image = f"docker-image://docker.io/library/busybox@sha256:{'ab' * 32}"
    told: list[dict[str, object]] = [
        {"id": "step0", "op": {"Op": {"source": {"identifier": image}}, "platform": platform}},
        {"id": "step1", "op": {"Op": {"source": {"identifier": "local://context"}}}},
    ]
    instructions = ["/module0", "deps", "/", *(f"make {number}" for number in range(RUNS_OF_DOCKERFILE))]
    below = "step0"
    for number, words in enumerate(instructions, 2):
        inputs = [f"{below}:0"]
        op: dict[str, object]
        if words.startswith("/"):
            copy = {"src": words, "dest": "/to/", "mode": -1, "timestamp": -1, "followSymlink": True}
            action = {"input": 0, "secondaryInput": 1, "output": 0, "Action": {"copy": copy}}
            op = {"Op": {"file": {"actions": [action]}}}
            inputs.append("step1:0")
        else:
            meta = {"args": ["/bin/sh", "-c", words], "cwd": "/", "env": ["PATH=/bin"]}
            op = {"Op": {"exec": {"meta": meta, "mounts": [{"dest": "/"}]}}, "platform": platform}
        below = f"step{number}"
        told.append({"id": below, "op": op, "inputs": inputs})
    told.append({"id": "end", "op": {"Op": None}, "inputs": [f"{below}:0"]})
    mapping = {f"vertex {one['id']}": one["id"] for one in told}
    return json.dumps({"buildConfig": {"llbDefinition": told, "digestMapping": mapping}})


def traced(number: int, files: tuple[SentFile, ...], *, ran: bool) -> TracedBuild:
    """Return a build of these files, of which `COPY . .` and what is below it ran, or nothing."""
    ops = read_ops(operations())
    steps = tuple(
        Step(
            f"vertex {op.id}",
            f"[{place}/20] RUN {op.id}",
            StepState.BUILT if ran and place > WARM else StepState.REUSED,
            cacheable=True,
        )
        for place, op in enumerate(ops.ops)
        if op.kind in ("exec", "file")
    )
    at = Instant(1_700_000_000_000_000_000 + number * 60_000_000_000)
    build = Build(f"ref{number}", "one", at, BuildStatus.SUCCEEDED, steps=steps, completed_at=at, project=PROJECT)
    context = Context("context", "/project", files)
    evidence = Evidence("v0.34.2", (Graph(ops=ops, contexts=(context,)),))
    return TracedBuild(replace(build, folder="/project"), evidence)


def keep(journal: Journal, traced_build: TracedBuild) -> None:
    """Keep a build as the end of one does."""
    build = traced_build.build
    ref = journal.begin(BuildSpec("/project"), Checkout("/project", project=PROJECT), build.started_at)
    journal.name(ref, [build.ref], build.builder, build.node)
    journal.keep_evidence(ref, traced_build.evidence, {})
    journal.finish(ref, build)


def edited(root: Path, number: int) -> tuple[SentFile, ...]:
    """Change one file and return all."""
    (root / f"module{number}" / "src" / "file0.py").write_text(f"edit {number}")
    return ContextReader(root).read()


def reading(root: Path) -> tuple[float, float]:
    """Return the seconds of reading all files once, and those of the processor."""
    began, busy = perf_counter(), process_time()
    ContextReader(root).read()
    return perf_counter() - began, process_time() - busy


def explanation(journal: Journal, this: TracedBuild) -> tuple[float, float]:
    """Keep a build, and return the seconds of its explanation, and those of the processor."""
    keep(journal, this)
    began, busy = perf_counter(), process_time()
    explanations = Explanations(Docker({}), journal, Path("/project"))
    found = explanations.explained(this, explanations.nearest(this))
    took = perf_counter() - began, process_time() - busy
    texts = [step.cause.text for step in found.steps if step.cause]
    assert texts[1].startswith("It builds on"), texts
    return took


def main() -> None:
    """Print the medians in seconds."""
    with TemporaryDirectory() as scratch, closing(Journal(Path(scratch, "journal"))) as journal:
        root = Path(scratch, "project")
        make(root)
        for number in range(EARLIER):
            keep(journal, traced(number, edited(root, number), ran=number == 0))
        builds = [traced(number, edited(root, number), ran=True) for number in range(EARLIER, EARLIER + RUNS)]
        runs = [explanation(journal, this) for this in builds]
        looked = [reading(root) for _ in range(RUNS)]
    files = len(builds[0].evidence.graphs[0].contexts[0].files)
    told = {"files": files, "earlier builds": EARLIER} | {
        name: {"seconds": median(run[0] for run in some), "processor": median(run[1] for run in some)}
        for name, some in (("explanation", runs), ("reading the files", looked))
    }
    if "--json" in sys.argv:
        print(json.dumps(told, indent=2))
        return
    for name, some in (("explanation", runs), ("reading the files", looked)):
        seconds, busy = (median(run[place] for run in some) for place in (0, 1))
        print(f"{files:,} files, {name}: {seconds:.3f} s ({busy:.3f} s of the processor)")


if __name__ == "__main__":
    main()

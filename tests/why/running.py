"""Runs a case: build, what happens between, the change, build again."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from why.case import Case, filled
from why.surroundings import Surroundings, ssh_key


@dataclass(frozen=True, slots=True)
class Ran:
    """A build of a case: what BuildKit said, and what we made of it."""

    build: Build
    said: tuple[Progress, ...]
    words: tuple[str, ...] = ()
    """The options that buildx was given."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both builds of a case, in the folder `work`; `names` is what stood for the names between @."""

    first: Ran
    second: Ran
    names: Mapping[str, str]


def run_case(
    case: Case,
    around: Surroundings,
    folder: Path,
    look: Callable[[Ran, Path], None] = lambda *_: None,
    before: Callable[[BuildSpec, Docker], None] = lambda *_: None,
) -> Outcome:
    """Run a case in an empty folder, on a builder that holds nothing; `before` and `look` are called around builds."""
    return _Run(case, around, folder, look, before).all()


class _Run:
    def __init__(
        self,
        case: Case,
        around: Surroundings,
        folder: Path,
        look: Callable[[Ran, Path], None],
        before: Callable[[BuildSpec, Docker], None],
    ) -> None:
        self._case, self._around, self._folder, self._look, self._before = case, around, folder, look, before
        self._work = folder / "work"
        self._names = {
            "REG": around.registry.address,
            "WWW": str(around.www),
            "HTTP": around.http,
            "GIT": around.git,
            "TMP": str(folder / "tmp"),
            "WORK": str(self._work),
        }

    def all(self) -> Outcome:
        self._prepare()
        told = self._case.told
        self._script("setup.sh")
        first = self._build(told["flags"], told["env"])
        for what, *words in told["between"]:
            self._do(what, *words)
        self._script("after.sh")
        flags, environment = told["flags_after"], told["env_after"]
        second = self._build(flags, told["env"] if environment is None else environment)
        return Outcome(first, second, self._names)

    def _prepare(self) -> None:
        if self._around.prunes:
            self._prune("--all")
        for old in self._around.www.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        self._around.registry.tag("busybox", "latest", "v1")
        shutil.copytree(self._case.folder / "before", self._work)
        for path in (self._work, *self._work.rglob("*")):  # git keeps no more of a mode than that a file is a program
            path.chmod(0o755 if path.is_dir() else 0o644)
        for dockerfile in self._work.glob("*Dockerfile*"):
            dockerfile.write_text(filled(dockerfile.read_text(), self._names))
        scratch = self._folder / "tmp"
        scratch.mkdir()
        (scratch / "sec").write_text("s1")
        for number, name in enumerate(("key", "key2")):
            (scratch / name).write_text(ssh_key(bytes([number] * 32)))
            (scratch / name).chmod(0o600)

    def _script(self, name: str) -> None:
        lines = filled(self._case.script(name), self._names).splitlines()
        for line in lines:
            if line.startswith("@tag "):
                self._around.registry.tag(*line.split()[1:])
        shell = "\n".join(line for line in lines if not line.startswith("@tag "))
        subprocess.run(("sh", "-e", "-c", shell), cwd=self._work, check=True, capture_output=True, timeout=60)

    def _build(self, flags: list[str], environment: Mapping[str, str]) -> Ran:
        docker = Docker({**self._around.engine.variables, **environment})
        words = tuple(filled(flag, self._names) for flag in (*self._around.flags, *flags))
        spec = BuildSpec(str(self._work), builder=self._around.builder, extra=words)
        self._before(spec, docker)
        journal = Journal(self._folder / "journal")
        runner = Runner(docker, journal)
        try:
            launched = runner.start(spec)
            said = tuple(launched)
            ran = Ran(launched.result(), said, words)
            self._look(ran, self._work)
            return ran
        finally:
            runner.close()
            journal.close()

    def _do(self, what: str, *words: str) -> None:
        match what:
            case "tag":
                self._around.registry.tag(*words)
            case "prune":
                self._prune(*words)
            case "forget-context":
                self._prune("--all", "--filter", "type=source.local")
            case "prune-desc":
                self._prune_described(*words)
            case "rm-reg-blob":
                self._around.registry.forget_layers("c", "1")
            case _:
                raise NotImplementedError(what)

    def _prune(self, *words: str) -> None:
        self._around.docker.run("buildx", "prune", "--builder", self._around.builder, "--force", *words, timeout=120)

    def _prune_described(self, text: str) -> None:
        builder = open_builder(self._around.docker, self._around.builder)
        try:
            found = [record for record in builder.snapshot().records if text in record.description]
            outcome = builder.prune(found)
            assert len(outcome.freed) == len(found) > 0, f"{text}: {outcome}"
        finally:
            builder.close()

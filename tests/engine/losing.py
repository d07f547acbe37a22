"""A BuildKit daemon of its own with a policy of its own, on which records are lost in every way there is."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.records.tombstone import Tombstone
from dockcache_tui.lab import engine as lab
from dockcache_tui.lab.engine import golang
from dockcache_tui.lab.engine.process import Daemon
from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.seen_records import see

ROOMY = 'maxUsedSpace = "900GB"'
"""A rule that never has anything to do."""


@dataclass
class Loser:
    """The daemon, the builder that leads to it, and what is kept of its records."""

    engine: lab.Engine
    home: Path
    name: str
    journal: Journal
    rules: Sequence[str]
    random: Random
    opened: BuildKitBuilder | None = None
    is_known: bool = False
    projects: list[Path] = field(default_factory=list)

    @property
    def _daemon(self) -> Daemon:
        words = ("--config", f"{self.home}/buildkitd.toml", "--root", f"{self.home}/state")
        return Daemon("buildkitd", (f"{self.engine.home}/buildkit/buildkitd", *words), self.home)

    def start(self, rules: Sequence[str] | None = None) -> None:
        """Start the daemon, with other rules when given: each a text of TOML, none at all for no garbage collection."""
        self.rules = self.rules if rules is None else rules
        base = (self.engine.home / "buildkitd.toml").read_text()
        own = f'[grpc]\naddress = ["unix://{self.home}/s"]\n[worker.oci]\ngc = {str(bool(self.rules)).lower()}\n'
        policy = "".join(f"[[worker.oci.gcpolicy]]\n{rule}\n" for rule in self.rules)
        (self.home / "buildkitd.toml").write_text(f"{base}\n{own}{policy}")
        (self.home / "s").unlink(missing_ok=True)
        self._daemon.start(self.engine.variables, (self.home / "s").exists)
        if self.is_known:
            self.bootstrap()

    def bootstrap(self) -> None:
        """Wait until the daemon answers."""
        Docker(self.engine.variables).run("buildx", "inspect", "--bootstrap", self.name, timeout=60)
        self.is_known = True

    def stop(self) -> None:
        """Stop the daemon; what it has stays."""
        self._daemon.stop()

    def forget(self, what: str = "") -> None:
        """Delete a file of the stopped daemon's, or all that it has."""
        if what:
            (self.home / "state" / what).unlink()
        else:
            shutil.rmtree(self.home / "state")

    def builder(self, *, anew: bool = False) -> BuildKitBuilder:
        """Return the builder: the one that is open, as the app has it, or one opened anew, as a command has it."""
        if anew:
            self.close()
        self.opened = self.opened or open_builder(Docker(self.engine.variables), self.name)
        return self.opened

    def close(self) -> None:
        """Let go of the builder."""
        if self.opened:
            self.opened.close()
            self.opened = None

    def see(self, *, anew: bool = False) -> None:
        """Read the records twice, as those who read again and again do, and keep them."""
        builder = self.builder(anew=anew)
        builds: tuple[Build, ...] = tuple(one.build for one in builder.history(follow=False))
        for _ in range(2):
            see(self.journal, builder.snapshot(), builds)

    def gone(self, *, anew: bool = False) -> tuple[Tombstone, ...]:
        """Return what went since this was asked last, after another reading."""
        before = {one.record.id for one in self.journal.tombstones(self.name)}
        self.see(anew=anew)
        return tuple(one for one in self.journal.tombstones(self.name) if one.record.id not in before)

    def make(self, layers: int = 0, *, mount: bool = False) -> Path:
        """Make a project of some layers of random sizes, and build it."""
        folder = self.home / "projects" / uuid4().hex[:8]
        folder.mkdir(parents=True)
        lines = ["FROM busybox" if mount else "FROM scratch"]
        for number in range(layers or self.random.randint(2, 4)):
            name = f"{folder.name}-{number}"
            (folder / name).write_bytes(self.random.randbytes(self.random.randint(10_000, 300_000)))
            lines.append(f"COPY {name} /")
        if mount:
            lines.append(
                f"RUN --mount=type=cache,target=/c head -c {self.random.randint(1, 99) * 1000} /dev/zero >/c/x"
            )
        (folder / "Dockerfile").write_text("\n".join(lines))
        self.projects.append(folder)
        self.build(folder)
        return folder

    def build(self, folder: Path, *, fails: bool = False) -> None:
        """Build a project, keeping only the cache."""
        words = ("docker", "buildx", "build", "--builder", self.name, "--output=type=cacheonly", "--provenance=false")
        done = subprocess.run(
            [*words, str(folder)], env=self.engine.variables, capture_output=True, timeout=300, check=False
        )
        assert bool(done.returncode) is fails, done.stderr.decode()

    def cancel(self, folder: Path) -> None:
        """Begin to build a project, and cancel that while a step runs."""
        words = ("docker", "buildx", "build", "--builder", self.name, "--output=type=cacheonly", str(folder))
        with subprocess.Popen(words, env=self.engine.variables, stderr=subprocess.PIPE) as process:
            assert process.stderr
            for line in process.stderr:
                if b"sleep 30" in line:
                    break
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)

    def prune(self, *words: str) -> None:
        """Prune as others do."""
        command = ("docker", "buildx", "prune", "--builder", self.name, "--force", *words)
        subprocess.run(command, env=self.engine.variables, check=True, capture_output=True, timeout=300)


@contextmanager
def losing(engine: lab.Engine, folder: Path, rules: Sequence[str] = (ROOMY,), seed: int = 0) -> Iterator[Loser]:
    """Lend a daemon, and take it and its builder away again."""
    if not engine.owned:
        pytest.skip("a daemon with a policy of its own needs our engine's programs")
    golang.buildkit(engine, lab.narrate)
    name = f"dockcache-losing-{uuid4().hex[:8]}"
    home = engine.run / name
    home.mkdir(parents=True)
    docker = Docker(engine.variables)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        journal = stack.enter_context(closing(Journal(folder / name)))
        one = Loser(engine, home, name, journal, rules, Random(seed))  # noqa: S311 - not for secrets
        stack.callback(one.stop)
        one.start()
        docker.run("buildx", "create", "--name", name, "--driver=remote", f"unix://{home}/s")
        stack.callback(docker.run, "buildx", "rm", "--force", name)
        one.bootstrap()
        stack.callback(one.close)
        yield one

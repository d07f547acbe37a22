"""The engine the tests build on: the one that is there, or one of our own.

DOCKCACHE_TEST_ENGINE=private asks for our own. Under CI=true an engine that can't be had is an error,
elsewhere the tests that need it are skipped and the summary says so in one line.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import settings

from disks import Disk, run_in_a_namespace, small
from dockcache_tui.core.errors import SourceError
from dockcache_tui.lab import engine as lab
from dockcache_tui.lab.engine.golang import BUILDKIT, GO
from dockcache_tui.lab.engine.home import claim
from dockcache_tui.lab.engine.packages import is_made, put
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.file_lock import locked
from processes import none_left
from service.serving import Served

# A busy machine is slow now and then; with CI set Hypothesis has such a profile of its own.
settings.register_profile("patient", deadline=None)
if not os.environ.get("CI"):
    settings.load_profile("patient")

_NO_ENGINE = "no engine: "
_TESTS = Path(__file__).parent
_RECIPE = f"{BUILDKIT} {GO}"
_GROUPS = {"engine": "engine-2", **dict.fromkeys(("sources", "tour", "ui", "why"), "engine-3")}


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests that need an engine, and listen to interrupts."""
    config.addinivalue_line("markers", "engine: needs a real Docker engine")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job, as we may be: what we start and interrupt would ignore it too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as after nohup


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the engine: `-m 'not engine'` leaves it out.

    One worker runs them in turn; where the engines are ours, three workers do, each on its own.
    """
    several = _there() is None
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker("engine")
        if item.get_closest_marker("engine") and not item.get_closest_marker("xdist_group"):
            room = item.path.relative_to(_TESTS).parts[0] if several else ""
            item.add_marker(pytest.mark.xdist_group(_GROUPS.get(room, "engine")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests had no engine, and why."""
    reasons = [str(report.longrepr[-1]) for report in terminalreporter.stats.get("skipped", ())]
    missing = [reason for reason in reasons if _NO_ENGINE in reason]
    if missing:
        why = missing[0].partition(_NO_ENGINE)[2]
        terminalreporter.write_line(f"{len(missing)} TESTS SKIPPED FOR WANT OF AN ENGINE: {why}", red=True, bold=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk | None]:
    """A file system that is soon full; None only before the test is run in a namespace."""
    with small(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary folder of the test's own, short enough for sockets."""
    with TemporaryDirectory(prefix="short-") as folder:
        yield Path(folder)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test whose small disk could not be mounted where it can be."""
    if pyfuncitem.funcargs.get("small_disk", "") is not None:
        return None
    run_in_a_namespace(pyfuncitem.nodeid, pyfuncitem.config.rootpath)
    return True


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """At the end of the session nothing runs that a test started, the engine and its builders least of all."""
    run = uuid4().hex
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKCACHE_TEST_RUN", run)
        yield
    none_left(run)


@pytest.fixture(scope="session")
def engine() -> Iterator[lab.Engine]:
    """An engine that answers."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(_lend(stack.enter_context(_home())))
        except lab.EngineError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"{_NO_ENGINE}{error}")
        if found.owned:
            # Images that earlier runs built over and over without a name make each listing slower.
            with suppress(SourceError):  # another run does it right now
                Docker(found.variables).run("image", "prune", "--force")
        yield found


@contextmanager
def _home() -> Iterator[Path]:
    """Choose a home that no other worker has, for an engine of our own."""
    for home in (lab.default_home(), *(lab.default_home().with_name(f"engine-{number}") for number in range(2, 9))):
        home.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = locked(home.with_name(f"{home.name}.tests"), patience=0)
        except BlockingIOError:
            continue
        with lock:
            yield home
        return
    raise AssertionError("too many workers")


def _there() -> lab.Engine | None:
    """Return the engine that was there before us, unless ours is asked for."""
    return None if os.environ.get("DOCKCACHE_TEST_ENGINE") == "private" else lab.existing(lab.default_home())


def _lend(home: Path) -> AbstractContextManager[lab.Engine]:
    there = _there()
    if there is None:
        return _private(home)
    return lab.shared(home, lambda: there, lab.remove_builders)


@contextmanager
def _private(home: Path) -> Iterator[lab.Engine]:
    """Lend an engine of our own; the first worker compiles BuildKit, and the others wait and take a copy."""
    claim(home)
    with ExitStack() as stack:
        with locked(home.with_name("engine.made")):
            made = [one for one in home.parent.glob("engine*/buildkit") if is_made(one, _RECIPE)]
            if made and home / "buildkit" not in made:
                part = home / "buildkit.part"
                shutil.rmtree(part, ignore_errors=True)
                shutil.copytree(made[0], part)
                put(part, home / "buildkit", _RECIPE)
            engine = stack.enter_context(lab.borrow(home, lab.narrate, builders=True))
        yield engine


@pytest.fixture(scope="session")
def docker_builder(engine: lab.Engine) -> str:
    """The name of the engine's own builder."""
    assert lab.running(engine)
    return lab.DOCKER


@pytest.fixture(scope="session")
def container_builder(engine: lab.Engine) -> str:
    """The name of a docker-container builder."""
    return lab.container_builder(engine)


@pytest.fixture(scope="session")
def remote_builder(engine: lab.Engine) -> str:
    """The name of a remote builder."""
    return lab.remote_builder(engine)


@pytest.fixture(scope="session")
def two_node_builder(engine: lab.Engine) -> str:
    """The name of a builder with two nodes, one for linux/amd64 and one for linux/arm64."""
    return lab.two_node_builder(engine)


@pytest.fixture
def at_engine(engine: lab.Engine, monkeypatch: pytest.MonkeyPatch) -> lab.Engine:
    """The engine, with this process's own environment leading to it for the length of a test."""
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    return engine


@pytest.fixture
def killable_builder(engine: lab.Engine) -> Iterator[lab.Remote]:
    """A started remote builder of the test's own, which it may kill and start again."""
    with _own(lab.Remote(engine, f"dockcache-killable-{uuid4().hex[:8]}")) as remote:
        yield remote


@pytest.fixture
def own_builder(engine: lab.Engine) -> Iterator[str]:
    """The name of a builder that no other test uses, now or later."""
    with _own(lab.Remote(engine, f"dockcache-own-{uuid4().hex[:8]}")) as remote:
        yield remote.name


@pytest.fixture
def own_two_node_builder(engine: lab.Engine) -> Iterator[str]:
    """The name of a builder with two nodes that no other test uses, now or later."""
    with _own(lab.Remote(engine, f"dockcache-own-{uuid4().hex[:8]}", lab.TWO_PLATFORMS)) as remote:
        yield remote.name


@contextmanager
def _own(remote: lab.Remote) -> Iterator[lab.Remote]:
    remote.start()
    try:
        yield remote
    finally:
        remote.remove()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running Actions service; each job has a repository of its own in it."""
    service = Served(tmp_path_factory.mktemp("service"))
    yield service
    service.stop()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Served]:
    """A running service that the test may have to itself."""
    service = Served(tmp_path / "service")
    yield service
    service.stop()


@pytest.fixture
def rest_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which nothing of a job or a user reaches us: of GitHub we have REST alone."""
    for name in ("GH_TOKEN", "GH_HOST", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_RESULTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    return monkeypatch

"""Debian packages, unpacked into a folder of our own by the machine's own apt; the system's stay as they are."""

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from dockcache_tui.lab.engine.home import Engine, EngineError
from dockcache_tui.lab.engine.process import run

NEWEST = ("docker.io", "containerd", "docker-buildx", "docker-registry")
OWN_RELEASE = (
    *("runc", "tini", "busybox-static", "pigz"),  # the newest runc wants a newer libc
    *("iptables", "libip4tc2", "libip6tc2", "libxtables12"),
    *("libmnl0", "libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11"),
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where a distribution keeps an engine new enough: a suite, its components, and packages of its own."""

    newest: str
    components: str
    extra: tuple[str, ...] = ()


def distribution() -> Distribution | None:
    """Return this machine's, None where it is not one we know."""
    release = platform.freedesktop_os_release()
    known = {
        "debian": Distribution("unstable", "main", ("docker-cli",)),
        "ubuntu": Distribution(
            f"{release.get('VERSION_CODENAME')}-updates", "main universe", ("libnftables1", "libjansson4")
        ),
    }
    return known.get(release["ID"])


def install(engine: Engine, say: Callable[[str], None]) -> None:
    """Fetch and unpack the engine's packages, once."""
    recipe = " ".join((*NEWEST, *OWN_RELEASE))
    if is_made(engine.prefix, recipe):
        return
    say("fetching the engine's packages (about 85 MB)")
    apt = Apt(engine)
    own = (f"{name}/{apt.release}" for name in OWN_RELEASE)
    fresh = unpack(engine, apt, [*NEWEST, *apt.distribution.extra, *own])
    init = fresh / "usr/bin/docker-init"
    init.unlink(missing_ok=True)
    init.symlink_to("tini-static")
    put(fresh, engine.prefix, recipe)


def is_made(folder: Path, recipe: str) -> bool:
    """Tell whether `put` finished this folder with this recipe."""
    stamp = folder / "recipe"
    return stamp.is_file() and stamp.read_text() == recipe


def put(fresh: Path, place: Path, recipe: str) -> None:
    """Move a finished folder to its place, stamped with what it was made from."""
    (fresh / "recipe").write_text(recipe)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)


def unpack(engine: Engine, apt: "Apt", wanted: list[str]) -> Path:
    """Fetch packages and unpack them into a new folder."""
    folder = workspace(engine)
    archives = folder / "archives"
    archives.mkdir()
    apt.get("download", *wanted, cwd=archives)
    for archive in sorted(archives.iterdir()):
        run(("dpkg-deb", "--extract", str(archive), str(folder)))
    shutil.rmtree(archives)
    return folder


def workspace(engine: Engine) -> Path:
    """Return a new folder; what a killed run left running may still write into its own."""
    (engine.home / "tmp").mkdir(exist_ok=True)
    return Path(mkdtemp(dir=engine.home / "tmp"))


class Apt:
    """The machine's apt, with lists of its own and two releases: the machine's, and the newest one there is."""

    def __init__(self, engine: Engine) -> None:
        """Name the sources after the machine's own, and fetch the lists; raises EngineError where this fails."""
        folder = workspace(engine)
        found = distribution()
        if found is None:
            raise EngineError("neither Debian nor Ubuntu")
        self.distribution = found
        self.release = platform.freedesktop_os_release()["VERSION_CODENAME"]
        (folder / "lists" / "partial").mkdir(parents=True)
        sources = folder / "sources.list"
        archive = _archive(self.release)
        suites = (self.release, found.newest)
        sources.write_text("".join(f"deb {archive} {suite} {found.components}\n" for suite in suites))
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "Dir::State::Lists": folder / "lists",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::Check-Valid-Until": "false",  # a mirror may be a snapshot; it is signed all the same
            "APT::Sandbox::User": "root",  # the folder is root's alone
        }
        self._options = [f"-o{name}={value}" for name, value in settings.items()]
        self.get("update")

    def get(self, *words: str, cwd: Path | None = None) -> str:
        """Run apt-get with these lists."""
        return run(("apt-get", "-q", *self._options, *words), cwd=cwd, timeout=900)

    def dependency(self, package: str, start: str) -> str:
        """Return the name of the first dependency that starts so."""
        said = run(("apt-cache", *self._options, "depends", package))
        for line in said.splitlines():
            name = line.partition("Depends: ")[2]
            if name.startswith(start):
                return name
        raise EngineError(f"{package} does not depend on {start}*")


def _archive(release: str) -> str:
    """Return, as in a sources line, the archive this machine was made from."""
    name = platform.freedesktop_os_release()["ID"]
    layout = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    for line in run(("apt-get", "indextargets", "--format", layout, "Created-By: Packages")).splitlines():
        suite, component, address = line.split(" ", 2)
        if (suite, component) == (release, "main"):
            keyring = next(Path("/usr/share/keyrings").glob(f"{name}-archive-keyring.[gp]*g"), None)
            return f"[signed-by={keyring}] {address}" if keyring else address
    raise EngineError(f"apt's sources do not name {release}", hint="Look into /etc/apt/sources.list.d.")

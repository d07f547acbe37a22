"""Base images, made here and never pulled: busybox, golang, and BuildKit for container builders."""

import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from dockcache_tui.lab.engine import golang, packages
from dockcache_tui.lab.engine.daemons import registry_address
from dockcache_tui.lab.engine.home import Engine, EngineError
from dockcache_tui.lab.engine.process import run

if TYPE_CHECKING:
    from python_on_whales import DockerClient

BUSYBOX = ("busybox:latest", "busybox:stable")
GOLANG = (f"golang:{golang.GO}", f"golang:{golang.GO.rpartition('.')[0]}")
BUILDKIT = (f"localhost/dockcache-buildkit:{golang.BUILDKIT}", "moby/buildkit:buildx-stable-1")
_RECIPE = "3"  # a new number makes the images anew
_GO_ENV = "GOPROXY={proxy}\nGOSUMDB=sum.golang.org\nGOTOOLCHAIN=local\n"
_PATIENCE, _TIMED_OUT = 300, 124
"""Seconds that a command of docker's may take, and how `timeout` tells that they are over."""
_UNUSED = frozenset(("api", "doc", "misc", "test", "testdata"))


class Root:
    """A root file system written as a tar archive, the same bytes for the same files."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._tar = archive

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        self._tar.addfile(entry, BytesIO(content))

    def folder(self, name: str, mode: int = 0o755) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, mode
        self._tar.addfile(entry)

    def link(self, name: str, target: str) -> None:
        """Write one symbolic link."""
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)

    def tree(self, source: Path, name: str) -> None:
        """Write a folder with all in it but what no build reads."""
        for path in sorted(source.iterdir()):
            if path.is_dir():
                if path.name not in _UNUSED:
                    self.tree(path, f"{name}/{path.name}")
            elif not path.name.endswith(("_test.go", "go.env")):
                self.file(f"{name}/{path.name}", path.read_bytes(), path.stat().st_mode & 0o777)


def make_bases(engine: Engine, say: Callable[[str], None]) -> None:
    """Make busybox and golang where they are missing."""

    def busybox(root: Root) -> tuple[str, ...]:
        _base(engine, root)
        return ('CMD ["sh"]',)

    def go(root: Root) -> tuple[str, ...]:
        _base(engine, root)
        root.tree(golang.tree(engine, say), "usr/local/go")
        # where Go itself looks, so that it holds too where a build takes no more than Go from this image
        root.file("usr/local/go/go.env", _GO_ENV.format(proxy=golang.proxy(engine, say)).encode())
        root.folder("go")
        return ("ENV PATH=/go/bin:/usr/local/go/bin:/bin GOPATH=/go CGO_ENABLED=0", 'CMD ["sh"]')

    _make(engine, BUSYBOX, busybox, say)
    _make(engine, GOLANG, go, say)


def make_buildkit(engine: Engine, say: Callable[[str], None]) -> None:
    """Make the image that container builders run, where it is missing."""

    def buildkit(root: Root) -> tuple[str, ...]:
        _base(engine, root)
        commands = golang.buildkit(engine, say)
        runc, pigz = Path(engine.program("runc")), Path(engine.program("pigz"))
        for path in (commands / "buildkitd", commands / "buildctl", runc, pigz):
            root.file(f"usr/bin/{path.name}", path.read_bytes(), 0o755)
        # as in BuildKit's own image: layers are unpacked by it where it is there
        root.link("usr/bin/unpigz", "pigz")
        for library in sorted({*_libraries(runc), *_libraries(pigz)}):
            root.file(str(library).lstrip("/"), library.read_bytes(), 0o755)
        return ("ENV PATH=/usr/bin:/bin", 'ENTRYPOINT ["buildkitd"]')

    _make(engine, BUILDKIT, buildkit, say)


def publish(engine: Engine) -> None:
    """Put the base images where builders of any driver find them: in the registry on loopback."""
    names = (*BUSYBOX, *GOLANG)
    published = engine.home / "registry" / "published"
    with _docker(engine) as docker:
        made = "".join(f"{docker.image.inspect(name).id}\n" for name in names)
        if published.is_file() and published.read_text() == made:
            return
        for name in names:
            there = f"{registry_address(engine)}/library/{name}"
            docker.image.tag(name, there)
            docker.image.push(there, quiet=True)
            docker.image.remove(there)
    published.write_text(made)


def certificates() -> Path:
    """Return the file of the authorities this machine trusts; a build must trust them too."""
    return Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))


def _base(engine: Engine, root: Root) -> None:
    busybox = Path(engine.program("busybox"))
    root.file("bin/busybox", busybox.read_bytes(), 0o755)
    for applet in run((str(busybox), "--list")).split():
        if applet != "busybox":
            root.link(f"bin/{applet}", "busybox")
    root.folder("tmp", 0o1777)
    root.folder("root", 0o700)
    root.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    root.file("etc/group", b"root:x:0:\nnobody:x:65534:\n")
    root.file("etc/ssl/certs/ca-certificates.crt", certificates().read_bytes())


def _libraries(program: Path) -> Iterator[Path]:
    """Yield the shared libraries a program needs, its loader among them, under the names it asks for."""
    for line in run(("ldd", str(program))).splitlines():
        for word in line.split():
            if word.startswith("/"):
                yield Path(word)


def _make(
    engine: Engine, names: tuple[str, ...], fill: Callable[[Root], tuple[str, ...]], say: Callable[[str], None]
) -> None:
    """Import a root file system under some names, unless the image made by this recipe is there.

    `fill` writes the files and returns the image's settings, as lines of a Dockerfile.
    """
    mark = f"{_RECIPE} {names[0]}"
    if _marks(engine, names) == [mark] * len(names):
        return
    say(f"making {names[0]}")
    archive = packages.workspace(engine) / "image.tar"
    with tarfile.open(archive, "w") as tar:
        settings = fill(Root(tar))
    with _docker(engine) as docker:
        docker.image.import_(archive, names[0], (*settings, f'LABEL dockcache.made="{mark}"'))
        for other in names[1:]:
            docker.image.tag(names[0], other)


def _marks(engine: Engine, names: tuple[str, ...]) -> list[str]:
    """Return what images were made from, nothing where one is missing."""
    from python_on_whales.exceptions import NoSuchImage

    with _docker(engine) as docker:
        try:
            return [(image.config.labels or {}).get("dockcache.made", "") for image in docker.image.inspect(names)]
        except NoSuchImage:
            return []


@contextmanager
def _docker(engine: Engine) -> Iterator["DockerClient"]:
    """Give an engine's images by python-on-whales; raises EngineError for what docker refuses.

    It knows neither an environment nor an end of its patience: `env` and `timeout` do, which every Debian has.
    """
    from python_on_whales import DockerClient
    from python_on_whales.exceptions import DockerException

    environment = (f"{name}={value}" for name, value in engine.environment.items())
    try:
        yield DockerClient(client_call=["timeout", "--foreground", str(_PATIENCE), "env", *environment, "docker"])
    except DockerException as error:
        slow = f"docker did not answer within {_PATIENCE} seconds"
        raise EngineError(slow if error.return_code == _TIMED_OUT else (error.stderr or str(error)).strip()) from error

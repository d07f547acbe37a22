"""How a connection to one node is made, through `docker buildx dial-stdio`, without ever starting what does not run."""

import json
import os
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from urllib.parse import quote_from_bytes

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import BuilderInfo, NodeInfo
from dockcache_tui.sources.builders import ANSWERS, inspect_builder
from dockcache_tui.sources.buildx_files import read_builder
from dockcache_tui.sources.docker_cli import Docker, NoAnswerError, RunningCommand, explained
from dockcache_tui.sources.private_folder import PrivateFolder

Dial = Callable[[socket.socket], RunningCommand]
"""Starts a process whose stdin and stdout are the given socket; raises SourceError when that is of no use."""
_BROKE = re.compile(r"broken pipe|closed network connection|connection reset|\bEOF\b")
"""What dial-stdio says when a connection that worked ended."""
_LONGEST = 103
"""Bytes of a socket's path that every system takes."""
_GRACE = 0.5
"""Seconds a process gets to end by itself: it reads the end of its stdin as soon as the channel is closed."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One node in the private configuration: `words` go before `buildx`, `alias` is its builder name."""

    node: NodeInfo
    driver: str
    alias: str
    words: tuple[str, ...] = ()


def write_instances(docker: Docker, info: BuilderInfo, folder: Path) -> tuple[Instance, ...]:
    """Write an instance file for every node into `folder` (a BUILDX_CONFIG); raises SourceError."""
    (folder / "instances").mkdir()
    kept = read_builder(docker.environment, info.name)
    if kept is None:
        # A builder that is a Docker context has no file; `default` follows DOCKER_HOST.
        node = info.nodes[0] if info.nodes else NodeInfo(info.name, info.name)
        return (Instance(node, info.driver, info.name, ("--context", info.name)),)
    return tuple(
        _write(folder, kept.group, node, f"node{number}", one)
        for number, (node, one) in enumerate(zip(kept.nodes, info.nodes, strict=True))
    )


def _write(
    folder: Path, group: Mapping[str, object], node: Mapping[str, object], alias: str, info: NodeInfo
) -> Instance:
    """Write one node's instance, without its files: only a container's creation needs them, and they may hold keys."""
    alone = {**group, "Name": alias, "Nodes": [{**node, "Files": None}]}
    (folder / "instances" / alias).write_text(json.dumps(alone), encoding="utf-8")
    return Instance(info, str(group.get("Driver", "")), alias)


class Dialer:
    """Dials one node of the private buildx configuration `folder`; trusts what is known of the node once."""

    def __init__(self, docker: Docker, instance: Instance, folder: Path) -> None:
        self._docker = docker
        self._instance = instance
        self._environment = {"BUILDX_CONFIG": str(folder)}
        self._known: NodeInfo | None = instance.node

    def __call__(self, connection: socket.socket) -> RunningCommand:
        """Start a dial-stdio on `connection`; raises SourceError when the node does not run."""
        # dial-stdio would create and start a container, and wait 20 seconds for a remote that is down.
        if self._instance.driver != "docker":
            self._check()
        return self._docker.start(
            *self._instance.words,
            *("buildx", "dial-stdio", "--builder", self._instance.alias),
            stdin=connection.fileno(),
            stdout=connection.fileno(),
            **self._environment,
            # With a platform it would look for a node that has it.
            DOCKER_DEFAULT_PLATFORM="",
        )

    def _check(self) -> None:
        node, self._known = self._known, None
        if node is None or not node.status:
            node = self._inspect()
        if node.error:
            raise explained(node.error)
        if not node.running:
            raise _idle(self._instance)

    def _inspect(self) -> NodeInfo:
        try:
            return inspect_builder(self._docker, self._instance.alias, **self._environment).nodes[0]
        except NoAnswerError as error:
            node = self._instance.node
            raise SourceError(
                f"{node.name} at {node.endpoint} did not answer within {ANSWERS:g} seconds",
                title="The builder does not answer",
                hint="It is frozen, overloaded or can't be reached: look at its machine, or restart it.",
            ) from error


def _idle(instance: Instance) -> SourceError:
    node = instance.node
    if instance.driver == "remote":
        return SourceError(
            f"nothing answers at {node.endpoint}", title="Can't reach the builder", hint="Start its buildkitd."
        )
    return SourceError(
        f"{node.name} is not started",
        title="The builder is not started",
        hint="The next build starts it (key b), and so does `docker buildx inspect --bootstrap`.",
    )


class Bridge:
    """Gives gRPC an address to connect to, so that its own backoff brings a dead connection back.

    The socket itself becomes the process's stdin and stdout: no byte passes through us, and when we end, however that
    happens, the kernel closes the socket and the process ends too.
    """

    def __init__(self, folder: PrivateFolder, name: str, dial: Dial) -> None:
        """Listen in the folder and dial for every connection; raises UsageError where its path is too long."""
        path = os.fsencode(folder.path / name)
        if len(path) > _LONGEST:
            raise UsageError(
                f"the sockets in {folder.path} would have names of {len(path)} bytes",
                title="The temporary directory's path is too long",
                hint=f"Set TMPDIR to a shorter one, such as /tmp: {_LONGEST} bytes are the most.",
            )
        self.address = f"unix:{quote_from_bytes(path)}"
        self._folder = folder
        self._dial = dial
        self._changed = Condition()
        self._running: set[RunningCommand] = set()
        self._failure: SourceError | None = None
        self._closed = False
        self.connected_at: Instant | None = None
        """When it dialled last: since then the daemon has not ended, or the connection would have."""
        self.reconnected = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        Thread(target=self._accept, name=f"accept {name}", daemon=True).start()

    @property
    def processes(self) -> tuple[int, ...]:
        """Return the ids of the dial-stdio processes that run."""
        with self._changed:
            return tuple(command.process.pid for command in self._running)

    def failure(self, patience: float) -> SourceError | None:
        """Return why dialling failed, waiting up to `patience` seconds; None when a connection only broke."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None, patience)
            return self._failure

    def succeeded(self) -> None:
        """Forget the last failure: the node answered."""
        with self._changed:
            self._failure = None

    def close(self) -> None:
        """Stop listening and end every process, once the channel is closed; may be called twice."""
        # close() alone does not wake accept() on Linux.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._running, _GRACE)
            running = tuple(self._running)
        for command in running:
            command.kill()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                Thread(target=self._serve, args=(connection,), name="dial-stdio", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._converse(connection)
        if self._closed:
            # A buildx that was still starting made its configuration's folders again.
            self._folder.remove()

    def _converse(self, connection: socket.socket) -> None:
        self.reconnected = self.connected_at is not None
        self.connected_at = Instant.now()
        try:
            with connection:
                command = self._dial(connection)
        except SourceError as error:
            self._note(error)
            return
        with self._changed:
            self._running.add(command)
            closed = self._closed
        if closed:
            command.kill()
        said = command.wait()
        with self._changed:
            self._running.discard(command)
            self._changed.notify_all()
        if command.process.returncode > 0 and said.strip() and not _BROKE.search(said):
            self._note(explained(said))

    def _note(self, failure: SourceError) -> None:
        with self._changed:
            self._failure = failure
            self._changed.notify_all()

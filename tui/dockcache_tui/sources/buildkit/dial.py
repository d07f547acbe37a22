"""How a connection to one node is made, without ever starting what does not run."""

import socket
from pathlib import Path

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.record import NodeInfo
from dockcache_tui.sources.builders import ANSWERS, inspect_builder
from dockcache_tui.sources.buildkit.instances import Instance
from dockcache_tui.sources.docker_cli import Docker, NoAnswerError, RunningCommand, explained


class Dialer:
    """Dials one node of the private buildx configuration `folder`; trusts what is known of the node once."""

    def __init__(self, docker: Docker, instance: Instance, folder: Path) -> None:
        """Dial nothing yet."""
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

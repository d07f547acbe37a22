"""A real gRPC server with BuildKit's control service, for faults that a real BuildKit can't be brought to show."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.docker_cli import Docker

Unary = Callable[[bytes, grpc.ServicerContext], bytes]
Streaming = Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]
SERVICE = "/moby.buildkit.v1.Control/"

INSPECT = """Name:          fake
Driver:        docker

Nodes:
Name:             fake
Endpoint:         fake
Status:           running
"""

_DOCKER = """#!{python}
import os, socket, sys, threading
if "inspect" in sys.argv:
    print({inspect!r})
    sys.exit()
server = socket.socket(socket.AF_UNIX)
try:
    server.connect({address!r})
except OSError as error:
    sys.exit(f"ERROR: Cannot connect to the Docker daemon: {{error}}")
def send():
    while data := os.read(0, 65536):
        server.sendall(data)
    server.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
try:
    while data := server.recv(65536):
        view = memoryview(data)
        while view:
            view = view[os.write(1, view):]
except BrokenPipeError:
    sys.exit("write: broken pipe")
"""


class ControlServer(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic only in its stubs
    """The control service with only the methods given; the others are UNIMPLEMENTED, as with an old BuildKit."""

    def __init__(self, unary: dict[str, Unary] | None = None, streaming: dict[str, Streaming] | None = None) -> None:
        """Answer with raw bytes, so that any message can be sent."""
        self.unary = unary or {}
        self.streaming = streaming or {}

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Find a method's handler."""
        name = details.method.removeprefix(SERVICE)
        if name in self.unary:
            return grpc.unary_unary_rpc_method_handler(self.unary[name])
        if name in self.streaming:
            return grpc.unary_stream_rpc_method_handler(self.streaming[name])
        return None

    @contextmanager
    def listening(self, address: Path) -> Iterator[None]:
        """Serve on a unix socket for a while."""
        server = grpc.server(ThreadPoolExecutor(8), handlers=[self], options=[("grpc.max_send_message_length", -1)])
        server.add_insecure_port(f"unix:{address}")
        server.start()
        try:
            yield
        finally:
            server.stop(None).wait()

    @contextmanager
    def builder(self, folder: Path) -> Iterator[BuildKitBuilder]:
        """Serve, and open a builder on it through a docker command that knows only `inspect` and `dial-stdio`."""
        with self.listening(folder / "control.sock"):
            builder = open_builder(fake_docker(folder, folder / "control.sock"), "fake")
            try:
                yield builder
            finally:
                builder.close()


def fake_docker(folder: Path, address: Path, inspect: str = INSPECT) -> Docker:
    """Write a docker command that dials a unix socket."""
    script = _DOCKER.format(python=sys.executable, inspect=inspect, address=str(address))
    return scripted_docker(folder, script)


def scripted_docker(folder: Path, script: str) -> Docker:
    """Return a Docker whose command is this script, and whose home is `folder`."""
    command = folder / "docker"
    command.write_text(script)
    command.chmod(0o755)
    return Docker({"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)})

"""A session with a node, in which its frontend may ask us how registries are signed in to.

A session is a stream of bytes that carries a connection in which the daemon is the client and we are the server.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import Any
from uuid import uuid4

import grpc

from dockcache_tui.sources.buildkit import gateway_pb2 as pb
from dockcache_tui.sources.buildkit.node import NodeClient
from dockcache_tui.sources.docker_config import Login
from dockcache_tui.sources.private_folder import PrivateFolder

SignIn = Callable[[str], Login | None]
"""Returns how a registry is signed in to, by its host; None to read it as nobody."""
_PIECE = 32 * 1024
_SERVING = b"\x08\x01"
"""A HealthCheckResponse that says so."""
_AUTH, _HEALTH = "moby.filesync.v1.Auth", "grpc.health.v1.Health"


class Session:
    """One session, open until it is closed; its `id` is given to builds."""

    def __init__(self, node: NodeClient, sign_in: SignIn) -> None:
        """Open it; raises SourceError where the node is closed."""
        self.id = uuid4().hex
        self._sign_in = sign_in
        self._folder = PrivateFolder()
        path = self._folder.path / "session.sock"
        self._server = grpc.server(ThreadPoolExecutor(2, "session"))
        self._server.add_generic_rpc_handlers(self._handlers())
        self._server.add_insecure_port(f"unix:{path}")
        self._server.start()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        about = (
            ("x-docker-expose-session-uuid", self.id),
            ("x-docker-expose-session-name", "dockcache"),
            ("x-docker-expose-session-grpc-method", f"/{_AUTH}/Credentials"),
            ("x-docker-expose-session-grpc-method", f"/{_HEALTH}/Check"),
        )
        self._call = node.duplex("Session", self._sent(), pb.Bytes, about)
        Thread(target=self._receive, name="session", daemon=True).start()

    def close(self) -> None:
        """End it; may be called twice."""
        self._call.cancel()
        with suppress(OSError):  # the other end may have closed it
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._server.stop(None)
        self._folder.remove()

    def _handlers(self) -> "tuple[grpc.GenericRpcHandler[Any, Any], ...]":
        credentials = grpc.unary_unary_rpc_method_handler(
            self._credentials,
            request_deserializer=pb.CredentialsRequest.FromString,
            response_serializer=pb.CredentialsResponse.SerializeToString,
        )
        health = grpc.unary_unary_rpc_method_handler(lambda *_: _SERVING)
        return (
            grpc.method_handlers_generic_handler(_AUTH, {"Credentials": credentials}),
            grpc.method_handlers_generic_handler(_HEALTH, {"Check": health}),
        )

    def _credentials(self, request: pb.CredentialsRequest, _: object) -> pb.CredentialsResponse:
        login = self._sign_in(request.host)
        if login is None:
            return pb.CredentialsResponse()
        return pb.CredentialsResponse(username=login.name, secret=login.secret.reveal())

    def _sent(self) -> Iterator[pb.Bytes]:
        """Yield what our server says."""
        with suppress(OSError):  # it was closed
            while piece := self._socket.recv(_PIECE):
                yield pb.Bytes(data=piece)

    def _receive(self) -> None:
        """Hand over what the daemon says."""
        with suppress(grpc.RpcError, OSError):  # how a session ends
            for piece in self._call:
                self._socket.sendall(piece.data)

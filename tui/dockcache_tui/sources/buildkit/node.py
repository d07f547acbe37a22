"""One node of a builder: its channel, and its calls with errors a user can read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

import grpc
from google.protobuf.message import Message

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.record import NodeStatus
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import policy, text
from dockcache_tui.sources.buildkit.dial import Bridge, Dialer, Instance
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.ending import check, cut_by
from dockcache_tui.sources.private_folder import PrivateFolder
from dockcache_tui.sources.secret import masked

R = TypeVar("R", bound=Message)
T_co = TypeVar("T_co", covariant=True)

_OPTIONS = [
    ("grpc.default_authority", "localhost"),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5000),
    # Go's servers hang up on a client that pings more often than every five minutes.
    ("grpc.keepalive_time_ms", 360_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.use_local_subchannel_pool", 1),
    # An error in a Dockerfile comes with all of it.
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.absolute_max_metadata_size", 1 << 20),
]
_OLD = {
    "ListenBuildHistory": "Build history needs BuildKit 0.11 or newer, or Docker 23.0 or newer.",
}
_HEARTBEAT = 5.0
"""Seconds between two small calls: buildx 0.29 notices that a daemon is gone only when something is sent to it."""
_REASON_PATIENCE = 1.0
"""Seconds to wait for dial-stdio's own words after its connection closed."""
T = TypeVar("T")
CallMetadata = tuple[tuple[str, str], ...]


class OpenCall(Protocol[T_co]):
    """A stream of messages under way."""

    def __iter__(self) -> Iterator[T_co]:
        """Yield messages until the server ends them; raises grpc.RpcError."""

    def cancel(self) -> bool:
        """End it from any thread."""


class NodeClient:
    """The control API of one node over one channel that stays open; all methods raise SourceError."""

    def __init__(self, name: str, endpoint: str, bridge: Bridge) -> None:
        """Connect on the first call."""
        self.name = name
        self.endpoint = endpoint
        self.bridge = bridge
        self._channel = grpc.insecure_channel(bridge.address, options=_OPTIONS)
        self._version: str | None = None
        self._closed = Event()
        self._starting = Lock()
        self._heart: Thread | None = None
        self._waiting: WeakSet[grpc.Future[Any]] = WeakSet()

    def call(self, method: str, request: Message, response: type[R], seconds: float, metadata: CallMetadata = ()) -> R:
        """Make a call that changes nothing and give its answer; a connection that had died is dialled once more."""
        rpc = self._unary(method, response)
        self._beat()
        try:
            try:
                answer: R = self._answer(rpc, request, seconds, metadata)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or self.bridge.failure(_REASON_PATIENCE):
                    raise
                answer = self._answer(rpc, request, seconds, metadata)
        except (grpc.RpcError, grpc.FutureCancelledError, ValueError) as error:
            check()
            raise self.explained(error, method) from error
        self.bridge.succeeded()
        return answer

    def stream(self, method: str, request: Message, response: type[R], seconds: float | None = None) -> OpenCall[R]:
        """Start a call that answers with many messages; give what its iteration raises to `explained`."""
        rpc = self._channel.unary_stream(
            _path(method), request_serializer=_bytes, response_deserializer=response.FromString
        )
        self._beat()
        try:
            call: OpenCall[R] = rpc(request, timeout=seconds)
        except ValueError as error:
            raise self.explained(error, method) from error
        return call

    def begin(self, method: str, request: Message, response: type[R], seconds: float) -> "grpc.Future[R]":
        """Start a call without waiting for its answer; raises SourceError where the channel is closed."""
        self._beat()
        try:
            return self._unary(method, response).future(request, timeout=seconds)
        except ValueError as error:
            raise self.explained(error, method) from error

    def duplex(
        self, method: str, requests: Iterator[Message], response: type[R], metadata: CallMetadata
    ) -> OpenCall[R]:
        """Start a call in which both sides send many messages; raises SourceError where the channel is closed."""
        rpc = self._channel.stream_stream(
            _path(method), request_serializer=_bytes, response_deserializer=response.FromString
        )
        try:
            call: OpenCall[R] = rpc(requests, metadata=metadata)
        except ValueError as error:
            raise self.explained(error, method) from error
        return call

    def explained(self, error: Exception, method: str) -> SourceError:
        """Return a gRPC error as one with a reason and a hint; ValueError is what a closed channel raises."""
        if isinstance(error, grpc.FutureCancelledError) and not self._closed.is_set():
            return SourceError(
                f"{self.name} has not answered for {2 * _HEARTBEAT:g} seconds",
                title="The builder does not answer",
                hint="It is frozen, overloaded or can't be reached: look at its machine, or restart it.",
            )
        if not isinstance(error, grpc.RpcError):
            return SourceError(f"{self.name} was closed", title="The builder was closed")
        code = error.code()
        if code is grpc.StatusCode.UNIMPLEMENTED:
            hint = _OLD.get(method, "It needs BuildKit 0.11 or newer, or Docker 23.0 or newer.")
            return SourceError(f"{self.name} does not know {method}", title="BuildKit is too old", hint=hint)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return SourceError(
                f"{self.name} did not answer {method} in time", title="The builder does not answer", hint="Try again."
            )
        if code is grpc.StatusCode.UNAVAILABLE:
            return self.bridge.failure(_REASON_PATIENCE) or SourceError(
                f"the connection to {self.name} broke",
                title="Lost the builder",
                hint="dockcache-tui connects again by itself.",
            )
        return SourceError(masked(f"{self.name}: {error.details() or code.name}"), title="The builder refused")

    def status(self) -> NodeStatus:
        """Return how the node is, with BuildKit's version and the policy of its worker, where it tells them."""
        if self._version is None:
            try:
                info = self.call("Info", pb.InfoRequest(), pb.InfoResponse, 10)
                self._version = text(info.buildkit_version.version)
            except SourceError as error:
                if not unimplemented(error):
                    raise
                self._version = ""
        told = NodeStatus(
            self.name,
            self.endpoint,
            buildkit_version=self._version,
            connected_at=self.bridge.connected_at,
            reconnected=self.bridge.reconnected,
        )
        try:
            workers = self.call("ListWorkers", pb.ListWorkersRequest(), pb.ListWorkersResponse, 10).record
        except SourceError as error:
            if not unimplemented(error):
                raise
            return told
        # builds run on the first
        return replace(told, worker=text(workers[0].id), policy=policy(workers[0].gc_policy)) if workers else told

    def close(self) -> None:
        """Close the channel and end its process; calls under way end."""
        self._closed.set()
        self._channel.close()
        self.bridge.close()

    def _unary(self, method: str, response: type[R]) -> "grpc.UnaryUnaryMultiCallable[Message, R]":
        return self._channel.unary_unary(
            _path(method), request_serializer=_bytes, response_deserializer=response.FromString
        )

    def _answer(
        self,
        rpc: "grpc.UnaryUnaryMultiCallable[Message, R]",
        request: Message,
        seconds: float,
        metadata: CallMetadata,
    ) -> R:
        """Wait for an answer as long as the heart beats."""
        call = rpc.future(request, timeout=seconds, metadata=metadata)
        self._waiting.add(call)
        with cut_by(call.cancel):
            answer: R = call.result()
        return answer

    def _beat(self) -> None:
        """Start the heart with the first call."""
        with self._starting:
            if self._heart is None:
                self._heart = Thread(target=self._keep_beating, name=f"heart of {self.name}", daemon=True)
                self._heart.start()

    def _keep_beating(self) -> None:
        info = self._unary("Info", pb.InfoResponse)
        while not self._closed.wait(_HEARTBEAT):
            try:
                info(pb.InfoRequest(), timeout=_HEARTBEAT)
            except grpc.RpcError as error:
                # Whoever waits for an answer on this channel is told any other error.
                if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    for call in tuple(self._waiting):
                        call.cancel()
            except ValueError:
                return


def open_node(docker: Docker, instance: Instance, folder: PrivateFolder, number: int) -> NodeClient:
    """Return the node of an instance in the private buildx configuration `folder`; nothing is dialled yet."""
    bridge = Bridge(folder, f"{number}.sock", Dialer(docker, instance, folder.path))
    return NodeClient(instance.node.name, instance.node.endpoint, bridge)


def unimplemented(error: SourceError) -> bool:
    """Tell whether a node refused because it does not know the call."""
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() is grpc.StatusCode.UNIMPLEMENTED


def _path(method: str) -> str:
    return method if method.startswith("/") else f"/moby.buildkit.v1.Control/{method}"


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


class NodeStream(Generic[R, T]):
    """One streaming call of a node, as our own values; iterate once."""

    def __init__(
        self, node: NodeClient, method: str, request: Message, response: type[R], convert: Callable[[R], T]
    ) -> None:
        """Call on the first iteration."""
        self._node = node
        self._method = method
        self._request = request
        self._response = response
        self._convert = convert
        self._lock = Lock()
        self._call: OpenCall[R] | None = None
        self._closed = False

    def __iter__(self) -> Iterator[T]:
        """Yield values until the node or close() ends it; raises SourceError."""
        with self._lock:
            if self._closed:
                return
            self._call = self._node.stream(self._method, self._request, self._response)
        try:
            for message in self._call:
                yield self._convert(message)
        except grpc.RpcError as error:
            if not self._closed:
                raise self._node.explained(error, self._method) from error
        finally:
            self._call.cancel()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._call:
                self._call.cancel()

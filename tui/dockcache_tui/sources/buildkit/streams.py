"""Long answers of one node, ended from any thread."""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Generic, TypeVar

import grpc
from google.protobuf.message import Message

from dockcache_tui.sources.buildkit.node import NodeClient, OpenCall

R = TypeVar("R", bound=Message)
T = TypeVar("T")


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
        """End the iteration from any thread; may be called twice."""
        with self._lock:
            self._closed = True
            if self._call:
                self._call.cancel()

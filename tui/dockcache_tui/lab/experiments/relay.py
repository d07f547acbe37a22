"""A line to the Actions service that counts what goes over it."""

import socket
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from typing import Self
from urllib.parse import urlsplit

_PIECE = 1 << 18


class Relay:
    """Passes TCP connections on to one address, as long as it is entered; `up` and `down` are bytes so far."""

    def __init__(self, target: str) -> None:
        """Pass on to `http://HOST:PORT`."""
        parts = urlsplit(target)
        self._target = parts.hostname or "", parts.port or 80
        self._lock = Lock()
        self.up = self.down = 0

    def __enter__(self) -> Self:
        """Begin to listen, on a free port of loopback."""
        relay = self

        class Passing(BaseRequestHandler):
            """One connection."""

            def handle(self) -> None:
                relay.carry(self.request)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Passing)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.02,), name="relay", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Return where it listens, as `http://HOST:PORT`."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def carry(self, client: socket.socket) -> None:
        """Pass one connection on until both sides are done."""
        with suppress(OSError), socket.create_connection(self._target) as service:
            for side in (client, service):
                # Else what follows a short piece waits for its receipt, which costs 40 ms an answer.
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = Thread(target=self._pump, args=(service, client), kwargs={"down": True}, daemon=True)
            back.start()
            self._pump(client, service, down=False)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket, *, down: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                with self._lock:
                    if down:
                        self.down += len(piece)
                    else:
                        self.up += len(piece)
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

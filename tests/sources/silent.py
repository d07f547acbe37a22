"""Ports on this machine behind which something is wrong."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread


@contextmanager
def full() -> Iterator[int]:
    """A port that is full: who connects waits for ever, as for an address that nothing leads to."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port that says the same to everybody, without TLS; nothing at all, and stays connected, for empty bytes."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                held.append(client)
                if answer:
                    client.recv(4096)
                    client.sendall(answer)
                    client.close()

        Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for client in held:
                client.close()

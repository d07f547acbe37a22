"""Ports on this machine behind which something is wrong."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread


@contextmanager
def full(*hosts: str, port: int = 0) -> Iterator[int]:
    """A port that is full at every host given: who connects waits for ever, as for an address that leads nowhere."""
    with ExitStack() as stack:
        for host in hosts or ("127.0.0.1",):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            server = stack.enter_context(socket.socket(family))
            server.bind((host, port))
            server.listen(0)
            port = server.getsockname()[1]
            for _ in range(4):
                client = stack.enter_context(socket.socket(family))
                client.settimeout(0)
                client.connect_ex(server.getsockname())
        yield port


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

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(60)  # it may hold one more by then
            for client in held:
                client.close()


@contextmanager
def untrusted(folder: Path) -> Iterator[int]:
    """A port with TLS and a certificate that nobody signed; its files are made in the folder."""
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    name = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    subprocess.run((*words, *name, *files), check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                    with context.wrap_socket(client, server_side=True):
                        pass
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)

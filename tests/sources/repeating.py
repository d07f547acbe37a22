"""A proxy that looks into TLS and repeats what it was sent, wherever an answer has room for it."""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from urllib.parse import quote

HOST = "github.invalid"
WAYS = ("refusal", "certificate", "status", "body", "redirect", "page", "garbage", "chunk")
"""Where it repeats: to CONNECT, in the certificate's names, or in an answer to what went through TLS."""


def _answer(way: str, said: str) -> str:
    """Return an answer that repeats what was said, in one line."""
    if way == "garbage":
        return f"{said}\r\n\r\n"
    if way == "chunk":
        return f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{said}\r\n"
    if way == "status":
        return f"HTTP/1.1 403 {said}\r\nContent-Length: 0\r\n\r\n"
    if way == "redirect":
        return f"HTTP/1.1 302 Found\r\nLocation: https://{HOST}/{quote(said)}?{said}\r\nContent-Length: 0\r\n\r\n"
    kind = "application/json" if way == "body" else "text/html"
    body = json.dumps({"message": said}) if way == "body" else f"<html>{said}</html>"
    permissions = f"X-Accepted-GitHub-Permissions: {said}"
    return f"HTTP/1.1 403 No\r\nContent-Type: {kind}\r\n{permissions}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def _heard(client: socket.socket) -> str:
    """Return the head of a request, who asks first; empty at the end."""
    data = b""
    while b"\r\n\r\n" not in data and (more := client.recv(4096)):
        data += more
    lines = data.decode("latin-1").strip().split("\r\n")
    return "\r\n".join(sorted(lines, key=lambda line: "uthorization" not in line))


@contextmanager
def repeating(way: str, token: str, folder: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """Give the proxy's address, the certificate to trust, and all it was sent."""
    name = f"DNS:{token}.invalid" if way == "certificate" else f"DNS:{HOST}"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={token}")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run((*words, *files, "-addext", f"subjectAltName={name}"), check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    heard: list[str] = []

    def converse(client: socket.socket) -> None:
        with suppress(OSError), client:
            heard.append(_heard(client))
            if way == "refusal":
                said = heard[-1].replace("\r\n", "; ")
                client.sendall(f"HTTP/1.1 407 {said}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
                return
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with context.wrap_socket(client, server_side=True) as inside:
                while said := _heard(inside):
                    heard.append(said)
                    inside.sendall(_answer(way, said.replace("\r\n", "; ")).encode("latin-1"))
                    if way in {"garbage", "chunk"}:
                        return

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=converse, args=(server.accept()[0],), daemon=True).start()

        Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", folder / "cert.pem", heard
        finally:
            server.shutdown(socket.SHUT_RDWR)

"""Running the service in the foreground."""

import os
import socket
from collections.abc import Callable

import uvicorn

from dockcache_tui.actions_service.app import application
from dockcache_tui.actions_service.faults import ServiceFault
from dockcache_tui.actions_service.home import Running
from dockcache_tui.actions_service.service import Service, Settings
from dockcache_tui.core.errors import UsageError

_PATIENCE = 5


def serve(settings: Settings, host: str, port: int, faults: list[ServiceFault], say: Callable[[str], None]) -> None:
    """Serve until interrupted; the address is the first line of stdout, `say` is told of the rest.

    Raises UsageError where the address or the folder is in use.
    """
    os.umask(0o077)
    settings.home.make()
    with settings.home.held(), _bound(host, port) as listener:
        service = Service.open(settings)
        address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
        settings.home.announce(Running(address, settings.repo))
        config = uvicorn.Config(
            application(service, faults, say),
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        print(address, flush=True)  # noqa: T201
        say(f"Serving {settings.repo} from {settings.home.folder}; see `dockcache-tui service env --help`")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            service.sql.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only a socket that names TCP is spared the wait for receipts by asyncio, 40 ms for each answer with a body.
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        hint = "Name another --port, or 0 for a free one."
        raise UsageError(f"{host}:{port} can't be served: {error.strerror}", hint=hint) from error
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""The server's port: whether it is free, and whether Ninefold answers there."""

import errno
import socket
import ssl
from typing import Final

import httpx

from ninefold.core.config import CoreSettings, server_url
from ninefold.core.errors import SettingError

PROBE_TIMEOUT_S: Final = 2.0

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""It trusts no certificate, and nothing needs it: a server is asked by HTTP. Without it, each client would read all
certificates of the machine, which takes 25 ms, and a server that is starting is asked 20 times a second."""


def require_free_port(settings: CoreSettings) -> None:
    """Make sure that the server can listen on its port.

    Raises:
        SettingError: another process listens there, or the address isn't one of this machine.
    """
    try:
        probe_port(settings.host, settings.port)
    except OSError as error:
        raise _explain(error, settings) from error


def probe_port(host: str, port: int) -> None:
    """Listen on a port and stop at once.

    Raises:
        OSError: this process can't listen there.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the server does: closed connections that are still in TIME_WAIT don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


async def is_ready(url: str) -> bool:
    """Return whether a server is ready at this URL."""
    try:
        async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_S, trust_env=False, verify=NO_TLS) as client:
            return (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def looks_like_ninefold(url: str) -> bool:
    """Return whether the server at this URL describes itself as Ninefold."""
    try:
        document = httpx.get(f"{url}/openapi.json", timeout=PROBE_TIMEOUT_S, trust_env=False).json()
    except (httpx.TransportError, ValueError):
        return False
    return isinstance(document, dict) and "Ninefold" in str(document.get("info", {}))


def _explain(error: OSError, settings: CoreSettings) -> SettingError:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        url = server_url(settings)
        is_ours = looks_like_ninefold(url)
        who = f"Ninefold already runs there: {url}" if is_ours else "another program listens there"
        first = "Use that one, stop it," if is_ours else "Stop that program,"
        return SettingError(
            f"Port {settings.port} on {settings.host} is taken; {who}.",
            field="NINEFOLD_PORT",
            remedy=f"{first} or choose another port with --port or NINEFOLD_PORT.",
        )
    if error.errno == errno.EACCES:
        return SettingError(
            f"This user isn't allowed to listen on {where}: ports below 1024 are reserved.",
            field="NINEFOLD_PORT",
            remedy="Choose a port above 1023 with --port or NINEFOLD_PORT.",
        )
    return SettingError(
        f"The server can't listen on {where}: {error.strerror or error}.",
        field="NINEFOLD_HOST",
        remedy="Set NINEFOLD_HOST or --host to an address of this machine, such as 127.0.0.1.",
    )

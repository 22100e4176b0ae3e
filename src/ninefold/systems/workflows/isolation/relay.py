"""The way from a sandbox to Ninefold's server: only to the paths that jobs need, one request a connection."""

import asyncio
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from ninefold.systems.workflows.isolation.piping import pipe_both_ways
from ninefold.systems.workflows.isolation.policy import SERVER_NAME, SERVER_PORT, ServerAddress

CONNECTIONS_MAX: Final = 128
"""Of one job at once."""

HEAD_BYTES_MAX: Final = 32 * 1024
HEAD_TIMEOUT_S: Final = 60.0

ALLOWED_PATHS: Final = ("/git/", "/twirp/github.actions.results.api.v1.", "/workflows/results/")
"""What paths begin with: git, and the services for artifacts and caches."""

_REPOSITORY: Final = re.compile(
    r"/(?P<name>[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
)
"""A repository as clients of GitHub name it: `actions/checkout` knows only the server's address and the name."""

_UNSAFE: Final = re.compile(r"//|/\.|%2e|%2f|%5c|\\", re.IGNORECASE)
"""What could be read as another path than the one that was checked."""

NAME_HEADER: Final = "X-Ninefold-Host"
"""Says by which name and port a job knows the server, for addresses in its answers."""

_LEFT_OUT: Final = (
    "connection",
    "forwarded",
    "host",
    "keep-alive",
    NAME_HEADER.lower(),
    "proxy-connection",
    "upgrade",
    "x-real-ip",
)
_LEFT_OUT_PREFIX: Final = "x-forwarded-"

Connected: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection."""

log = structlog.get_logger(__name__)


class ServerRelay:
    """Leads requests from inside to Ninefold's server.

    Args:
        server: where it is.
        name: host and port by which jobs know it.
    """

    def __init__(self, server: ServerAddress, *, name: str = f"{SERVER_NAME}:{SERVER_PORT}") -> None:
        self._server = server
        self.name = name
        self._tls = ssl.create_default_context() if server.is_tls else None
        self._count = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self._count >= CONNECTIONS_MAX:
            writer.close()
            return
        self._count += 1
        try:
            await self._serve(reader, writer)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # The job has closed the connection, or says no whole request.
        except OSError as error:
            log.warning("workflows.relay.failed", error=str(error))
        finally:
            self._count -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
        head = forwarded_head(asked, host=self._server.netloc, name=self.name)
        if head is None:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            with suppress(OSError):
                await writer.drain()
            return
        server = await asyncio.open_connection(self._server.host, self._server.port, ssl=self._tls)
        server[1].write(head)
        await pipe_both_ways((reader, writer), server)


def forwarded_head(head: bytes, *, host: str, name: str) -> bytes | None:
    """Return the head of a request as it goes to the server, or None if the request is refused.

    Headers that would say who asks are left out, and the server closes the connection after its answer. It is asked by
    its own name, and told the one that the job knows it by.

    Args:
        head: with the empty line at its end.
        host: of the server, with its port.
        name: host and port by which the job knows it.
    """
    lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, version = [*lines[0].split(" "), "", ""][:3]
    path, mark, query = target.partition("?")
    if len(head) > HEAD_BYTES_MAX or version != "HTTP/1.1" or _UNSAFE.search(path):
        return None
    repository = _REPOSITORY.fullmatch(path)
    if repository is not None and not path.startswith(ALLOWED_PATHS):
        path = f"/git/{repository['name']}.git/{repository['rest']}"
    if not path.startswith(ALLOWED_PATHS):
        return None
    kept = [line for line in lines[1:] if not _is_left_out(line.partition(":")[0].strip().lower())]
    own = [f"Host: {host}", f"{NAME_HEADER}: {name}", "Connection: close"]
    return "\r\n".join([f"{method} {path}{mark}{query} {version}", *own, *kept, "", ""]).encode("latin-1")


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or name.startswith(_LEFT_OUT_PREFIX)


async def serve_socket(path: Path, connected: Connected, *, uid: int | None) -> asyncio.Server:
    """Serve a Unix socket that a user can connect to.

    Raises:
        OSError: it can't be created.
    """
    # Addresses of sockets are short; the folder's own path could be too long.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        server = await asyncio.start_unix_server(connected, f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
    os.chmod(path, 0o600)  # noqa: PTH101 - quick, and not to be mistaken for a file's.
    if uid is not None:
        os.chown(path, uid, uid)
    return server

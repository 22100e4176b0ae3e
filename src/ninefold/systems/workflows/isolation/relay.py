"""The ways out of a sandbox: Unix sockets in the job's folder, served here, outside."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from ninefold.systems.workflows.isolation.piping import pipe_both_ways

CONNECTIONS_MAX: Final = 128
"""Of one job at once, to each of its ways out."""

Connected: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection."""

log = structlog.get_logger(__name__)


class ServerRelay:
    """Leads connections from inside to Ninefold's server, and to nothing else.

    Args:
        host: of the server.
        port: of the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._count = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self._count >= CONNECTIONS_MAX:
            writer.close()
            return
        self._count += 1
        try:
            server = await asyncio.open_connection(*self._address)
            await pipe_both_ways((reader, writer), server)
        except OSError as error:
            log.warning("workflows.relay.failed", error=str(error))
        finally:
            self._count -= 1
            writer.close()


async def serve_socket(path: Path, connected: Connected, *, uid: int | None) -> asyncio.Server:
    """Serve a Unix socket that a user can connect to.

    Raises:
        OSError: it can't be created.
    """
    server = await asyncio.start_unix_server(connected, str(path))
    os.chmod(path, 0o600)  # noqa: PTH101 - quick, and not to be mistaken for a file's.
    if uid is not None:
        os.chown(path, uid, uid)
    return server

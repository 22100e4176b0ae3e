"""Files in memory, sent by a real server to slow readers and over connections that break."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import httpx
import psutil
import pytest

from installations import serving
from ninefold.core.blobs.service import Blobs
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.postgres.database import Database
from ninefold.systems.video.service.tokens import PlaySigner
from video.delivery.conftest import Player
from video_streams import Film, MadeRung, MadeSegment, PlacedTitle, Studio, sealer_of

SEGMENT = os.urandom(1_000_000)
FILM = Film(2, {"180p": MadeRung("180p", 12_800, b"init", [MadeSegment(0, 25_600, SEGMENT)])})
NAME = "180p/0.m4s"
SLOW_READERS = 40
HANGING_UP = 20
REQUESTS_AT_ONCE = 20
"""On each of their connections, without waiting for an answer (RFC 9112 §9.3.2)."""

SENT_SOON_S = 20.0


class Server:
    """A server, and what it has written into its log."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.port = int(url.rpartition(":")[2])
        self.log = log

    def memory_bytes(self) -> int:
        """Return what its processes have in memory."""
        processes = [
            each for each in psutil.Process().children(recursive=True) if f"NINEFOLD_PORT={self.port}" in _environ(each)
        ]
        assert processes
        return sum(each.memory_info().rss for each in processes)


def _environ(process: psutil.Process) -> list[str]:
    try:
        return [f"{name}={value}" for name, value in process.environ().items()]
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


@pytest.fixture
def server(database_url: str, stream_dir: Path, tmp_path: Path) -> Iterator[Server]:
    log = tmp_path / "log.ndjson"
    with serving(database_url, log=log, settings={"NINEFOLD_DATA_DIR": str(stream_dir)}) as url:
        yield Server(url, log)


@pytest.fixture
async def hot(database: Database, organisation_id: UUID, stream_dir: Path) -> PlacedTitle:
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment={"NINEFOLD_DATA_DIR": str(stream_dir)})
    return await Studio(database, Blobs.of(settings), FILM).whole_title(organisation_id)


@pytest.fixture
async def viewer(server: Server, hot: PlacedTitle, stream_dir: Path) -> AsyncIterator[Player]:
    """One that has loaded the segment once."""
    signer = PlaySigner(sealer_of({"NINEFOLD_DATA_DIR": str(stream_dir)}))
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=SENT_SOON_S) as http:
        viewer = Player(http, hot, signer)
        assert (await viewer.load(NAME)).content == SEGMENT
        yield viewer


async def test_slow_readers_and_clients_that_hang_up_stop_nobody(viewer: Player, server: Server) -> None:
    asked = f"GET {viewer.folder}/{NAME} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    before_bytes = server.memory_bytes()

    async with AsyncExitStack() as stack:
        readers = []
        for _ in range(SLOW_READERS):
            # Its buffer is small, so that the server can't send all of it.
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1_000)
            stack.callback(writer.close)
            writer.write(asked * REQUESTS_AT_ONCE)
            readers.append(reader)
        for reader in readers:
            assert await reader.readexactly(15) == b"HTTP/1.1 200 OK"
        for _ in range(5):
            assert (await viewer.load(NAME)).content == SEGMENT
        grown_bytes = server.memory_bytes() - before_bytes
    for _ in range(HANGING_UP):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(asked)
        await writer.drain()
        writer.transport.abort()

    # At most two answers for each, of the 20 that it asked for.
    assert grown_bytes < 2 * SLOW_READERS * len(SEGMENT)
    assert (await viewer.load(NAME)).content == SEGMENT
    assert b"Traceback" not in server.log.read_bytes()

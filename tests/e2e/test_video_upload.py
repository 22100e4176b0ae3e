"""A server is killed in the middle of an upload: what it has said that it has is there, and the client goes on."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from http_api import Api
from killable_servers import KillableServer
from ninefold.core.blobs import Blobs
from ninefold.core.blobs.objects import open_objects
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX
from ninefold.systems.video.service.sources import SourceReader, SourceSignals
from video_uploads import Uploads

SIZE = 4_000_000
PIECE = 50_000


async def test_an_upload_goes_on_after_its_server_was_killed(
    api: Api, database: Database, database_url: str, tmp_path: Path
) -> None:
    film = b"\x1aE\xdf\xa3" + random.Random(16).randbytes(SIZE - 4)
    server = KillableServer(database_url, tmp_path / "log.ndjson", {"NINEFOLD_DATA_DIR": str(tmp_path)})
    try:
        await server.wait_until_ready()
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as http:
            uploads = Uploads(Api(http, api.api_key))
            upload = await uploads.create(SIZE)
            sent = 0

            async def until_killed() -> AsyncIterator[bytes]:
                nonlocal sent
                while sent < SIZE:
                    yield film[sent : sent + PIECE]
                    sent += PIECE
                    await asyncio.sleep(0.01)

            appending = asyncio.create_task(uploads.append(upload, until_killed()))
            async with asyncio.timeout(30):
                while (seen := (await uploads.show(upload))["bytes_received"]) < SIZE // 4:
                    await asyncio.sleep(0.02)
            server.kill_with_children()
            outcome = (await asyncio.gather(appending, return_exceptions=True))[0]
            server.start()
            await server.wait_until_ready()
            offset = await uploads.offset(upload)
            rest = await uploads.append(upload, film[offset:], offset=offset)
    finally:
        server.close()

    assert isinstance(outcome, httpx.TransportError)
    assert seen <= offset <= sent + PIECE
    assert rest.status_code == 204
    blobs = Blobs(open_objects(None, data_dir=tmp_path), organisation_bytes_max=1)
    reader = await SourceReader.open(
        database, blobs, SourceSignals(Notifier(database)), parse_id(UPLOAD_PREFIX, upload.rpartition("/")[2])
    )
    assert b"".join([piece async for piece in reader.read(0, SIZE, idle_s=0)]) == film

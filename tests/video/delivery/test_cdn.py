"""The configuration of nginx in the docs: one cached object serves all tokens, and none that isn't valid."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from uuid import UUID

import httpx
import pytest

from installations import free_port, serving
from ninefold.core.blobs.service import Blobs
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.postgres.database import Database
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token, urls_of
from video_streams import Film, Studio, sealer_of

NGINX = which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
DOCUMENT = Path(__file__).parents[3] / "docs" / "systems" / "video-playing.md"

pytestmark = pytest.mark.skipif(NGINX is None, reason="scripts/nginx installs nginx")


@pytest.fixture
def server(database_url: str, stream_dir: Path, tmp_path: Path) -> Iterator[str]:
    with serving(database_url, log=tmp_path / "log.ndjson", settings={"NINEFOLD_DATA_DIR": str(stream_dir)}) as url:
        yield url


@pytest.fixture
def cache(server: str, tmp_path: Path) -> Iterator[str]:
    """The documented configuration, with other ports and folders."""
    (block,) = re.findall(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    port = free_port()
    block = block.replace("/var/cache/nginx", str(tmp_path)).replace("127.0.0.1:8300", server.removeprefix("http://"))
    block = block.replace("listen 8080", f"listen 127.0.0.1:{port}")
    temporary = "".join(f"{each}_temp_path {tmp_path}/{each};" for each in ("proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = tmp_path / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    configuration.write_text(
        f"daemon off; {user} pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}"
        f"http {{ access_log off; {temporary} client_body_temp_path {tmp_path}/body; {block} }}"
    )
    process = subprocess.Popen([NGINX or "", "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def test_one_cached_object_serves_all_tokens(
    database: Database, film: Film, organisation_id: UUID, stream_dir: Path, cache: str
) -> None:
    environment = {"NINEFOLD_DATA_DIR": str(stream_dir)}
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment)
    title = await Studio(database, Blobs.of(settings), film).whole_title(organisation_id)
    signer = PlaySigner(sealer_of(environment))

    def folder(minutes: int) -> str:
        expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
        token = new_play_token(signer, title_id=title.title_id, organisation_id=organisation_id, expires_at=expires_at)
        return urls_of(title.title_id, token, base_url=cache).hls_url.removesuffix("master.m3u8")

    transport = httpx.AsyncHTTPTransport(retries=20)
    async with httpx.AsyncClient(trust_env=False, transport=transport) as client:
        first = await client.get(f"{folder(5)}180p/2.m4s")
        second = await client.get(f"{folder(6)}180p/2.m4s")
        part = await client.get(f"{folder(7)}180p/2.m4s", headers={"Range": "bytes=5-9"})
        instead = await client.get(f"{folder(8)}180p/2.m4s?of=90p")
        expired = await client.get(f"{folder(-1)}180p/2.m4s")

    content = film.rungs["180p"].segments[2].content
    assert [(each.status_code, each.headers["x-cache"]) for each in (first, second, part, instead)] == [
        (200, "MISS"),
        (200, "HIT"),
        (206, "HIT"),
        (200, "MISS"),
    ]
    assert (first.content, second.content, part.content) == (content, content, content[5:10])
    assert instead.content == film.rungs["90p"].init + film.rungs["90p"].segments[2].content
    assert second.headers["access-control-allow-origin"] == "*"
    assert expired.status_code == httpx.codes.FORBIDDEN

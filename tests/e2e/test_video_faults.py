"""hls.js and Shaka play on through errors, hangs, truncated segments, resets, expired tokens, and a killed server."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from killable_servers import KillableServer
from ninefold.core.blobs.service import Blobs
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token, urls_of
from video.faulty_proxy import FaultyProxy, Rates
from video.player_pages import Play, find_chromium, play_all
from video_streams import FRAMES_A_SECOND, Film, PlacedTitle, Studio, make_film, sealer_of

CHROMIUM = find_chromium()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="scripts/chromium installs Chromium")

FILM_S = 16
TOKEN_LIFETIME_S = 4.0
SEED = 20
"""With it, the sound hangs once."""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def film(data_dir: Path) -> Film:
    return make_film(data_dir, duration_s=FILM_S)


@pytest.fixture
async def server(database_url: str, data_dir: Path) -> AsyncIterator[KillableServer]:
    server = KillableServer(database_url, data_dir / "log.ndjson", {"NINEFOLD_DATA_DIR": str(data_dir)})
    await server.wait_until_ready()
    yield server
    server.close()


@pytest.fixture
async def title(database: Database, data_dir: Path, film: Film) -> PlacedTitle:
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment={"NINEFOLD_DATA_DIR": str(data_dir)})
    studio = Studio(database, Blobs.of(settings), film)
    async with database.transaction() as connection:
        organisation_id = (await create_organisation(connection, name="acme")).organisation_id
    return await studio.whole_title(organisation_id)


async def test_no_fault_ends_what_is_played(title: PlacedTitle, server: KillableServer, data_dir: Path) -> None:
    signer = PlaySigner(sealer_of({"NINEFOLD_DATA_DIR": str(data_dir)}))

    async def new_token() -> tuple[str, float]:
        expires_at = datetime.now(UTC) + timedelta(seconds=TOKEN_LIFETIME_S)
        token = new_play_token(
            signer, title_id=title.title_id, organisation_id=title.organisation_id, expires_at=expires_at
        )
        return token, TOKEN_LIFETIME_S

    async with FaultyProxy(server.url, seed=SEED, rates=Rates(), new_token=new_token).running() as proxy:
        urls = urls_of(title.title_id, (await new_token())[0], base_url=proxy.url)
        hls, dash = (
            Play(
                player="hls",
                url=url,
                seconds_max=60,
                buffer_s=5,
                renew_url=f"{proxy.url}/renew",
                expires_in_s=TOKEN_LIFETIME_S,
            )
            for url in (urls.hls_url, urls.dash_url)
        )
        restarting = asyncio.create_task(_restart(server, after_s=6.0))
        found = await play_all(
            CHROMIUM or "",
            hls,
            msgspec.structs.replace(hls, player="shaka"),
            msgspec.structs.replace(dash, player="shaka"),
        )
        await restarting

    lines = [f"faults: {dict(proxy.faults)}, expired tokens: {proxy.expired}", *(seen.line() for seen in found)]
    sys.stdout.write("\n".join(["", *lines, ""]))
    for seen in found:
        assert (seen.fatal, seen.page_errors, seen.is_ended) == ([], [], True), seen
        assert seen.frames >= (FILM_S - 1) * FRAMES_A_SECOND, seen
        assert seen.renewals > 0, seen
    assert {"error", "hang", "truncation", "reset", "server away"} <= proxy.faults.keys()


async def _restart(server: KillableServer, *, after_s: float) -> None:
    await asyncio.sleep(after_s)
    server.kill_with_children()
    server.start()
    await server.wait_until_ready()

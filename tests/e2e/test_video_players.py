"""Real players: hls.js and Shaka in Chromium play titles that grow while they are played."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from installations import serving
from ninefold.core.blobs.service import Blobs
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.video.service.tokens import PlaySigner, Urls, new_play_token, urls_of
from video_players import Play, find_chromium, play_all
from video_streams import Film, PlacedTitle, Studio, make_film, sealer_of

CHROMIUM = find_chromium()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="scripts/chromium installs Chromium")

FILM_S = 16
JOIN_MS_MAX = 10_000
"""On a busy machine; alone, it takes less than a second."""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("players")


@pytest.fixture(scope="module")
def film(data_dir: Path) -> Film:
    return make_film(data_dir, duration_s=FILM_S)


@pytest.fixture(scope="module")
def url(server_database_url: str, data_dir: Path) -> Iterator[str]:
    with serving(
        server_database_url, log=data_dir / "log.ndjson", settings={"NINEFOLD_DATA_DIR": str(data_dir)}
    ) as url:
        yield url


@pytest.fixture
async def studio(server_database_url: str, data_dir: Path, film: Film) -> AsyncIterator[Studio]:
    database = await Database.connect(server_database_url, application_name="ninefold-test", connections_max=4)
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment={"NINEFOLD_DATA_DIR": str(data_dir)})
    yield Studio(database, Blobs.of(settings), film)
    await database.close()


@pytest.fixture
async def organisation_id(studio: Studio) -> UUID:
    async with studio.database.transaction() as connection:
        return (await create_organisation(connection, name="acme")).organisation_id


@pytest.fixture
def sealer(data_dir: Path) -> Sealer:
    return sealer_of({"NINEFOLD_DATA_DIR": str(data_dir)})


def urls(title: PlacedTitle, sealer: Sealer, base_url: str) -> Urls:
    token = new_play_token(
        PlaySigner(sealer),
        title_id=title.title_id,
        organisation_id=title.organisation_id,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    return urls_of(title.title_id, token, base_url=base_url)


async def test_players_play_a_whole_title(studio: Studio, organisation_id: UUID, sealer: Sealer, url: str) -> None:
    title = urls(await studio.whole_title(organisation_id), sealer, url)

    found = await play_all(
        CHROMIUM or "",
        Play(player="hls", url=title.hls_url, seconds_max=40, rate=2),
        Play(player="shaka", url=title.hls_url, seconds_max=40, rate=2),
        Play(player="shaka", url=title.dash_url, seconds_max=40, rate=2),
    )

    for seen in found:
        print(seen)
        assert (seen.fatal, seen.errors, seen.page_errors, seen.stalls) == ([], [], [], 0)
        assert seen.is_ended
        assert seen.join_ms is not None
        assert seen.join_ms < JOIN_MS_MAX
        assert abs((seen.duration or 0) - FILM_S) < 0.2
        assert max(height for _, height in seen.heights) == 270


async def test_no_player_waits_for_a_rung_that_lags(
    studio: Studio, organisation_id: UUID, sealer: Sealer, url: str
) -> None:
    """The lowest rung and the sound come as fast as they are played; the others later, and the highest at the end."""
    placed = await studio.title(organisation_id)
    await studio.add(placed, "audio", [0])
    await studio.add(placed, "90p", [0])
    title = urls(placed, sealer, url)

    async def grow() -> None:
        segments = FILM_S // 2
        for step in range(1, segments + 4):
            if step < segments:
                await studio.add(placed, "90p", [step])
                await studio.add(placed, "audio", [step])
            if 0 <= step - 2 < segments:
                await studio.add(placed, "180p", [step - 2])
            await asyncio.sleep(1.0)
        audio = range(segments, len(studio.film.rungs["audio"].segments))
        if audio:
            await studio.add(placed, "audio", audio)
        await studio.add(placed, "180p", range(segments - 1, segments)) if False else None
        await studio.add(placed, "270p", range(segments))
        await studio.end(placed)

    growing = asyncio.create_task(grow())
    found = await play_all(
        CHROMIUM or "",
        Play(player="hls", url=title.hls_url, seconds_max=60, buffer_s=4),
        Play(player="shaka", url=title.hls_url, seconds_max=60, buffer_s=4),
        Play(player="shaka", url=title.dash_url, seconds_max=60, buffer_s=4, start_s=0),
    )
    await growing

    for seen in found:
        print(seen)
    for seen in found:
        assert (seen.fatal, seen.page_errors) == ([], [])
        assert seen.is_ended

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
from video.player_pages import Play, find_chromium, play_all
from video_streams import FRAMES_A_SECOND, Film, PlacedTitle, Studio, make_film, sealer_of

CHROMIUM = find_chromium()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="scripts/chromium installs Chromium")

FILM_S = 20
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
        assert (seen.fatal, seen.errors, seen.page_errors, seen.stalls) == ([], [], [], 0)
        assert seen.is_ended
        assert seen.join_ms is not None
        assert seen.join_ms < JOIN_MS_MAX
        assert abs((seen.duration or 0) - FILM_S) < 0.2
        assert max(height for _, height in seen.heights) == 270


async def test_no_player_waits_for_a_rung_that_lags(
    studio: Studio, organisation_id: UUID, sealer: Sealer, url: str
) -> None:
    """The lowest rung and the sound grow faster than they are played; the others lag until the middle."""
    placed = await studio.title(organisation_id)
    title = urls(placed, sealer, url)
    for rung in ("90p", "audio"):
        await studio.add(placed, rung, [0])

    growing = asyncio.create_task(_grow(studio, placed))
    found = await play_all(
        CHROMIUM or "",
        Play(player="hls", url=title.hls_url, seconds_max=60, buffer_s=3),
        Play(player="shaka", url=title.hls_url, seconds_max=60, buffer_s=3),
        Play(player="shaka", url=title.dash_url, seconds_max=60, buffer_s=3, start_s=0),
    )
    await growing

    for seen in found:
        assert (seen.fatal, seen.page_errors, seen.stalls) == ([], [], 0), seen
        assert seen.is_ended
        assert seen.frames >= (FILM_S - 1) * FRAMES_A_SECOND
        assert seen.heights[0][1] == 90, seen
        assert max(height for _, height in seen.heights) == 270, seen
        assert len(seen.ranges) == 1


async def _grow(studio: Studio, placed: PlacedTitle) -> None:
    """Publish a segment of the lowest rung a second. The others have none until the middle, and only then all."""
    last = FILM_S // 2
    for number in range(1, last):
        await asyncio.sleep(1.0)
        for rung in ("90p", "audio"):
            await studio.add(placed, rung, [number])
        if number >= last // 2:
            await studio.add(placed, "180p", [number])
            await studio.add(placed, "270p", [number])
    for rung in ("180p", "270p"):
        await studio.add(placed, rung, range(last // 2))
    await studio.add(placed, "audio", range(last, len(studio.film.rungs["audio"].segments)))
    await studio.end(placed)

"""Titles of a tiny film, and tokens for them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from http_api import Json, problem_of
from ninefold.core.blobs.service import Blobs
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token, urls_of
from video_streams import Film, PlacedTitle, Studio, make_film, sealer_of


@pytest.fixture(scope="session")
def stream_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streams")


@pytest.fixture(scope="session")
def film(stream_dir: Path) -> Film:
    return make_film(stream_dir, duration_s=12)


@pytest.fixture
def environment(stream_dir: Path) -> Mapping[str, str]:
    return {"NINEFOLD_DATA_DIR": str(stream_dir), "NINEFOLD_VIDEO_HOT_SET_BYTES_MAX": "16000000"}


@pytest.fixture
def studio(database: Database, environment: Mapping[str, str], film: Film) -> Studio:
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment)
    return Studio(database, Blobs.of(settings), film)


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    async with database.transaction() as connection:
        return (await create_organisation(connection, name="acme")).organisation_id


@pytest.fixture
def signer(environment: Mapping[str, str]) -> PlaySigner:
    return PlaySigner(sealer_of(environment))


class Player:
    """Loads files of a title."""

    def __init__(self, http: httpx.AsyncClient, title: PlacedTitle, signer: PlaySigner) -> None:
        self.http = http
        self.token = new_play_token(
            signer,
            title_id=title.title_id,
            organisation_id=title.organisation_id,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
        self.folder = urls_of(title.title_id, self.token, base_url="").hls_url.removesuffix("/master.m3u8")

    async def load(self, name: str, *, method: str = "GET", **headers: str) -> httpx.Response:
        """Load a file."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, f"{self.folder}/{name}", headers=sent)

    async def text(self, name: str) -> str:
        """Return a file that is there, as text."""
        response = await self.load(name)
        assert response.status_code == httpx.codes.OK, response.text
        return response.text

    async def refused(self, status: int, name: str, *, method: str = "GET") -> Json:
        """Load a file that can't be; return the problem."""
        return problem_of(await self.load(name, method=method), status=status)

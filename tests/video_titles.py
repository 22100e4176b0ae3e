"""Titles of video as rows: for tests of what comes after uploading and encoding."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from http_api import Api
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.video.model.titles import TITLE_PREFIX

FILM_S = 6_000


async def organisation_of(api: Api, database: Database) -> UUID:
    """Return the organisation of a client."""
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id


async def make_title(
    api: Api,
    database: Database,
    name: str,
    *,
    tags: Sequence[str] = (),
    description: str = "",
    maturity: int = 0,
    duration_s: float | None = FILM_S,
    is_playable: bool = True,
    playable_at: datetime | None = None,
) -> str:
    """Make a title that is ready, or one of which nothing came yet; return its id."""
    title_id, now = new_id(), datetime.now(UTC)
    organisation_id = await organisation_of(api, database)
    async with database.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO video.title (
                title_id, organisation_id, name, description, tags, maturity, status, duration_us,
                playable_at, uploaded_at, ended_at
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
            """,
            title_id,
            organisation_id,
            name,
            description,
            list(tags),
            maturity,
            "ready" if is_playable else "uploading",
            None if duration_s is None else round(duration_s * 1_000_000),
            (playable_at or now) if is_playable else None,
            now if is_playable else None,
        )
    return format_id(TITLE_PREFIX, title_id)


async def make_profile(api: Api, name: str = "Ines", **fields: object) -> str:
    """Make a profile; return its id."""
    created = await api.done("POST", "/video/profiles", json={"name": name, **fields})
    profile_id: str = created["profile_id"]
    return profile_id

"""Queries for subtitles."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.subtitles import Subtitle
from ninefold.systems.video.store.queries import queries


async def subtitle_count(connection: Connection, title_id: UUID) -> int:
    """Count the languages that a title has text for."""
    count: int = await queries.subtitle_count(connection, title_id=title_id)
    return count


async def subtitle_delete(connection: Connection, title_id: UUID, *, language: str) -> bool:
    """Delete the text for a language; return whether there was one."""
    return await queries.subtitle_delete(connection, title_id=title_id, language=language) is not None


async def subtitle_find(connection: Connection, title_id: UUID, *, language: str) -> Subtitle | None:
    """Read the text for a language."""
    record = await queries.subtitle_find(connection, title_id=title_id, language=language)
    return None if record is None else Subtitle(**record)


async def subtitle_list(connection: Connection, title_id: UUID) -> list[Subtitle]:
    """Read which languages a title has text for."""
    return [Subtitle(**record) async for record in queries.subtitle_list(connection, title_id=title_id)]


async def subtitle_put(connection: Connection, title_id: UUID, *, language: str, label: str, webvtt: str) -> Subtitle:
    """Write the text for a language."""
    record = await queries.subtitle_put(connection, title_id=title_id, language=language, label=label, webvtt=webvtt)
    return Subtitle(**record)

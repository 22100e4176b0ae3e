"""Queries for titles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.titles import SourceFacts, Title, TitleFields, TitleStatus
from ninefold.systems.video.store.queries import queries


async def title_add_facts(connection: Connection, title_id: UUID, facts: SourceFacts) -> Title | None:
    """Write what was found in a source; None if the title has ended."""
    record = await queries.title_add_facts(
        connection,
        title_id=title_id,
        source=msgspec.json.encode(facts.source).decode(),
        is_streamable=facts.is_streamable,
        duration_us=facts.duration_us,
        width=facts.width,
        height=facts.height,
    )
    return _title_or_none(record)


async def title_change(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, fields: TitleFields
) -> Title | None:
    """Write what people say about a title."""
    record = await queries.title_change(
        connection,
        title_id=title_id,
        organisation_id=organisation_id,
        name=fields.name,
        description=fields.description,
        tags=fields.tags,
        maturity=fields.maturity,
    )
    return _title_or_none(record)


async def title_end(
    connection: Connection,
    title_id: UUID,
    *,
    status: TitleStatus,
    why: str | None,
    warnings: Sequence[str],
    at: datetime,
) -> Title | None:
    """End a title; None if it has ended."""
    record = await queries.title_end(
        connection, title_id=title_id, status=status, why=why, warnings=list(warnings), at=at
    )
    return _title_or_none(record)


async def title_find(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> Title | None:
    """Read one title of an organisation."""
    return _title_or_none(await queries.title_find(connection, title_id=title_id, organisation_id=organisation_id))


async def title_insert(connection: Connection, title_id: UUID, *, organisation_id: UUID, fields: TitleFields) -> Title:
    """Insert a title; the name must be given."""
    record = await queries.title_insert(
        connection,
        title_id=title_id,
        organisation_id=organisation_id,
        name=fields.name,
        description=fields.description or "",
        tags=fields.tags or [],
        maturity=fields.maturity or 0,
    )
    return _title(record)


async def title_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    status: TitleStatus | None,
    words: str | None,
    before: UUID | None,
    limit: int,
) -> list[Title]:
    """Read a page of titles, latest first; `words` must be in the name."""
    records = queries.title_list(
        connection, organisation_id=organisation_id, status=status, words=words, before=before, limit=limit
    )
    return [_title(record) async for record in records]


async def title_lock(connection: Connection, title_id: UUID) -> Title | None:
    """Read a title, also a deleted one, and keep others from changing it until the transaction ends."""
    return _title_or_none(await queries.title_lock(connection, title_id=title_id))


async def title_mark_deleted(connection: Connection, title_id: UUID, *, at: datetime) -> None:
    """Hide a title that has ended."""
    await queries.title_mark_deleted(connection, title_id=title_id, at=at)


async def title_mark_first_bytes(connection: Connection, title_id: UUID, *, at: datetime) -> Title | None:
    """Write when the first bytes came; None if that is known."""
    return _title_or_none(await queries.title_mark_first_bytes(connection, title_id=title_id, at=at))


async def title_mark_playable(connection: Connection, title_id: UUID, *, at: datetime) -> Title | None:
    """Write when a title could first be played; None if that is known, or the title has ended."""
    return _title_or_none(await queries.title_mark_playable(connection, title_id=title_id, at=at))


async def title_mark_uploaded(connection: Connection, title_id: UUID, *, at: datetime) -> Title | None:
    """Write that all bytes are there; None if the title isn't being uploaded any more."""
    return _title_or_none(await queries.title_mark_uploaded(connection, title_id=title_id, at=at))


async def title_reopen(connection: Connection, title_id: UUID) -> Title | None:
    """Let a failed title go on; None if it hasn't failed."""
    return _title_or_none(await queries.title_reopen(connection, title_id=title_id))


async def title_set_poster(connection: Connection, title_id: UUID, *, poster_blob_id: UUID) -> Title | None:
    """Write a title's picture; None if it has ended."""
    return _title_or_none(await queries.title_set_poster(connection, title_id=title_id, poster_blob_id=poster_blob_id))


async def title_set_why(connection: Connection, title_id: UUID, *, why: str | None) -> Title | None:
    """Write what people should know about a title; None if it has ended."""
    return _title_or_none(await queries.title_set_why(connection, title_id=title_id, why=why))


def _title_or_none(record: Any) -> Title | None:
    return None if record is None else _title(record)


def _title(record: Any) -> Title:
    columns = dict(record)
    columns["status"] = TitleStatus(columns["status"])
    if columns["source"] is not None:
        columns["source"] = msgspec.json.decode(columns["source"], type=dict[str, Any])
    return Title(**columns)

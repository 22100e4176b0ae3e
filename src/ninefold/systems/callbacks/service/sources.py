"""Create, read, change and delete sources."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.callbacks.errors import SourceNotFoundError, TooManySourcesError
from ninefold.systems.callbacks.model import SOURCE_PREFIX, Answer, Source
from ninefold.systems.callbacks.rules.sources import check_source, new_token, require_provider
from ninefold.systems.callbacks.store import sources as store

SOURCES_MAX: Final = 1_000
"""Per organisation."""


async def create_source(
    connection: Connection,
    *,
    organisation_id: UUID,
    provider: str,
    name: str,
    secrets: Sequence[str],
    options: Mapping[str, str],
    answer: Answer,
) -> Source:
    """Create a source with a new token.

    Raises:
        ProviderUnknownError: there is no such provider.
        InvalidSourceError: a field has a wrong value.
        TooManySourcesError: the organisation already has `SOURCES_MAX` sources.
    """
    check_source(require_provider(provider), name=name, secrets=secrets, options=options, answer=answer)
    await store.source_lock_organisation(connection, organisation_id=organisation_id)
    if await store.source_count(connection, organisation_id=organisation_id) >= SOURCES_MAX:
        raise TooManySourcesError(
            f"The organisation has {SOURCES_MAX} sources, which is the limit.",
            remedy="Delete sources that you no longer use.",
        )
    return await store.source_insert(
        connection,
        source_id=new_id(),
        organisation_id=organisation_id,
        provider=provider,
        name=name,
        token=new_token(),
        secrets=secrets,
        options=options,
        answer=answer,
    )


async def get_source(connection: Connection, *, organisation_id: UUID, source_id: UUID) -> Source:
    """Return one source.

    Raises:
        SourceNotFoundError: the organisation has no source with this id.
    """
    source = await store.source_find(connection, organisation_id=organisation_id, source_id=source_id)
    if source is None:
        raise _not_found(source_id)
    return source


async def list_sources(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Source]:
    """Return sources with ids before one, newest first."""
    return await store.source_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def update_source(
    connection: Connection,
    *,
    organisation_id: UUID,
    source_id: UUID,
    name: str | None,
    secrets: Sequence[str] | None,
    options: Mapping[str, str] | None,
    answer: Answer | None,
) -> Source:
    """Change the fields that aren't None. Callbacks that aren't verified yet are verified with the new secrets.

    Raises:
        SourceNotFoundError: the organisation has no source with this id.
        InvalidSourceError: a field has a wrong value.
    """
    current = await get_source(connection, organisation_id=organisation_id, source_id=source_id)
    check_source(
        require_provider(current.provider),
        name=current.name if name is None else name,
        secrets=current.secrets if secrets is None else secrets,
        options=current.options if options is None else options,
        answer=answer or current.answer,
    )
    source = await store.source_update(
        connection,
        organisation_id=organisation_id,
        source_id=source_id,
        name=name,
        secrets=secrets,
        options=options,
        answer=answer,
    )
    if source is None:
        raise _not_found(source_id)
    return source


async def delete_source(connection: Connection, *, organisation_id: UUID, source_id: UUID) -> None:
    """Delete a source: its URL answers 404 from now on. What it has received is still verified and kept.

    Raises:
        SourceNotFoundError: the organisation has no source with this id.
    """
    if not await store.source_delete(connection, organisation_id=organisation_id, source_id=source_id):
        raise _not_found(source_id)


def _not_found(source_id: UUID) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"There is no source {format_id(SOURCE_PREFIX, source_id)}.",
        remedy="List the sources to see their ids.",
    )

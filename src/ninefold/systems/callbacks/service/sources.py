"""Create, read, change and delete sources."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.errors import SourceNotFoundError, TooManySourcesError
from ninefold.systems.callbacks.model import SOURCE_PREFIX, Answer, NewSource, Source
from ninefold.systems.callbacks.rules.sources import check_has_no_options, check_source, new_token
from ninefold.systems.callbacks.service.forwarding import Forwarding
from ninefold.systems.callbacks.service.key_documents import URL_OPTION
from ninefold.systems.callbacks.store import sources as store

SOURCES_MAX: Final = 1_000
"""Per organisation."""


class SourceFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a source that a caller gives; None leaves a field as it is."""

    name: str | None = None
    secrets: Sequence[str] | None = None
    options: Mapping[str, str] | None = None
    answer: Answer | None = None
    forward_url: str | msgspec.UnsetType | None = msgspec.UNSET
    """None: callbacks become events; UNSET leaves it as it is."""


class ChangedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source that was created or changed."""

    source: Source
    forward_secret: str | None = None
    """What forwarded requests are signed with; only if this call has created the subscription that forwards them."""


async def create_source(
    connection: Connection,
    forwarding: Forwarding,
    *,
    organisation_id: UUID,
    provider: str,
    fields: SourceFields,
) -> ChangedSource:
    """Create a source with a new token.

    Raises:
        ProviderUnknownError: there is no such provider.
        InvalidSourceError: a field has a wrong value.
        InvalidTargetError: callbacks can't be forwarded to the URL.
        TooManySourcesError: the organisation already has `SOURCES_MAX` sources.
    """
    draft = NewSource(
        source_id=new_id(),
        organisation_id=organisation_id,
        provider=provider,
        name=fields.name or "",
        token=new_token(),
        secrets=tuple(fields.secrets or ()),
        options=fields.options or {},
        answer=fields.answer or Answer(),
    )
    check_source(draft)
    _check_key_url(forwarding, draft)
    await store.source_lock_organisation(connection, organisation_id=organisation_id)
    if await store.source_count(connection, organisation_id=organisation_id) >= SOURCES_MAX:
        raise TooManySourcesError(
            f"The organisation has {SOURCES_MAX} sources, which is the limit.",
            remedy="Delete sources that you no longer use.",
        )
    draft, forward_secret = await forwarding.change(connection, draft, url=fields.forward_url or None)
    return ChangedSource(
        source=await store.source_insert(connection, forwarding.sealer, source=draft), forward_secret=forward_secret
    )


async def get_source(
    connection: Connection, sealer: Sealer | None, *, organisation_id: UUID, source_id: UUID
) -> Source:
    """Return one source, without a sealer without its secrets and options.

    Raises:
        SourceNotFoundError: the organisation has no source with this id.
    """
    source = await store.source_find(connection, sealer, organisation_id=organisation_id, source_id=source_id)
    if source is None:
        raise _not_found(source_id)
    return source


async def list_sources(
    connection: Connection, sealer: Sealer, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Source]:
    """Return sources with ids before one, newest first."""
    return await store.source_list(connection, sealer, organisation_id=organisation_id, before=before, limit=limit)


async def update_source(
    connection: Connection,
    forwarding: Forwarding,
    *,
    organisation_id: UUID,
    source_id: UUID,
    fields: SourceFields,
) -> ChangedSource:
    """Change a source. Callbacks that aren't verified yet are verified, and passed on, as it is now.

    Only what changes is checked. One that is broken needs its secrets and options again.

    Raises:
        SourceNotFoundError: the organisation has no source with this id.
        InvalidSourceError: a field has a wrong value.
        InvalidTargetError: callbacks can't be forwarded to the URL.
    """
    current = await store.source_lock(
        connection, forwarding.sealer, organisation_id=organisation_id, source_id=source_id
    )
    if current is None:
        raise _not_found(source_id)
    draft = NewSource(
        source_id=source_id,
        organisation_id=organisation_id,
        provider=current.provider,
        name=current.name if fields.name is None else fields.name,
        token=current.token,
        secrets=current.secrets if fields.secrets is None else tuple(fields.secrets),
        options=current.options if fields.options is None else fields.options,
        answer=fields.answer or current.answer,
        forward_url=current.forward_url,
        forward_subscription_id=current.forward_subscription_id,
    )
    if current.is_broken and fields.options is None:
        check_has_no_options(current)
    check_source(draft, before=None if current.is_broken else current)
    if draft.options != current.options:
        _check_key_url(forwarding, draft)
    forward_secret = None
    if not isinstance(fields.forward_url, msgspec.UnsetType):
        draft, forward_secret = await forwarding.change(connection, draft, url=fields.forward_url)
    source = await store.source_update(connection, forwarding.sealer, source=draft)
    if source is None:
        raise _not_found(source_id)
    return ChangedSource(source=source, forward_secret=forward_secret)


async def delete_source(connection: Connection, *, organisation_id: UUID, source_id: UUID) -> None:
    """Delete a source: its URL answers 404 from now on. What it has received is still verified, passed on and kept.

    The subscription that forwards its callbacks stays, because some may still wait for it.

    Raises:
        SourceNotFoundError: the organisation has no source with this id.
    """
    if not await store.source_delete(connection, organisation_id=organisation_id, source_id=source_id):
        raise _not_found(source_id)


def _check_key_url(forwarding: Forwarding, source: NewSource) -> None:
    if url := source.options.get(URL_OPTION):
        forwarding.check_url(url, field=f"options.{URL_OPTION}")


def _not_found(source_id: UUID) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"There is no source {format_id(SOURCE_PREFIX, source_id)}.",
        remedy="List the sources to see their ids.",
    )

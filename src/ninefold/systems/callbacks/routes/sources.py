"""The HTTP routes for sources."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.callbacks.model import SOURCE_PREFIX
from ninefold.systems.callbacks.routes.source_wire import (
    ChangedSourceView,
    CreateSource,
    SourceId,
    SourceView,
    UpdateSource,
    read_new_source,
    read_source_changes,
    show_changed_source,
    show_source,
)
from ninefold.systems.callbacks.service import sources as service
from ninefold.systems.callbacks.service.forwarding import Forwarding
from ninefold.systems.callbacks.settings import CallbacksSettings

_SOURCES: Final = "/api/v1/sources"
_SOURCE: Final = "/api/v1/sources/{source_id:str}"
_TAGS: Final = ["sources"]

_source_list = PagedList("sources", UUID)


@post(
    _SOURCES,
    tags=_TAGS,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. List the sources to see whether it was created.")],
)
async def create_source(
    *,
    data: FromBody[CreateSource],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    callbacks_settings: NamedDependency[CallbacksSettings],
    forwarding: NamedDependency[Forwarding],
    audit: NamedDependency[AuditEntry],
) -> ChangedSourceView:
    """Create a source.

    The response has the URL to give to the provider, and the steps to take there. With `forward_url`, it also has the
    secret that forwarded requests are signed with, which is shown only once.
    """
    async with database.transaction() as connection:
        changed = await service.create_source(
            connection,
            forwarding,
            organisation_id=principal.organisation_id,
            provider=data.provider,
            fields=read_new_source(data),
        )
        audit.target_id = format_id(SOURCE_PREFIX, changed.source.source_id)
    return show_changed_source(changed, public_url=_public_url(request, callbacks_settings))


@get(_SOURCES, tags=_TAGS)
async def list_sources(
    *,
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    callbacks_settings: NamedDependency[CallbacksSettings],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[SourceView]:
    """List sources.

    Newest first.
    """
    query = _source_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_sources(
            connection, sealer, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    public_url = _public_url(request, callbacks_settings)
    return query.page(
        found,
        position_of=lambda source: source.source_id,
        show=lambda source: show_source(source, public_url=public_url),
    )


@get(_SOURCE, tags=_TAGS)
async def get_source(
    *,
    source_id: FromPath[SourceId],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    callbacks_settings: NamedDependency[CallbacksSettings],
) -> SourceView:
    """Show a source."""
    async with database.connection() as connection:
        source = await service.get_source(
            connection, sealer, organisation_id=principal.organisation_id, source_id=source_id
        )
    return show_source(source, public_url=_public_url(request, callbacks_settings))


@patch(_SOURCE, tags=_TAGS)
async def update_source(
    *,
    source_id: FromPath[SourceId],
    data: FromBody[UpdateSource],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    callbacks_settings: NamedDependency[CallbacksSettings],
    forwarding: NamedDependency[Forwarding],
) -> ChangedSourceView:
    """Change a source.

    `secrets` and `options` replace all earlier ones. They apply to every callback that isn't verified yet. To verify
    quarantined ones again, POST to `/api/v1/callbacks/reverify`.
    """
    async with database.transaction() as connection:
        changed = await service.update_source(
            connection,
            forwarding,
            organisation_id=principal.organisation_id,
            source_id=source_id,
            fields=read_source_changes(data),
        )
    return show_changed_source(changed, public_url=_public_url(request, callbacks_settings))


@delete(_SOURCE, tags=_TAGS)
async def delete_source(
    source_id: FromPath[SourceId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Delete a source.

    Its URL answers 404 from now on. What it has received is still verified, passed on and kept.
    """
    async with database.transaction() as connection:
        await service.delete_source(connection, organisation_id=principal.organisation_id, source_id=source_id)


SOURCE_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_source,
    list_sources,
    get_source,
    update_source,
    delete_source,
]


def _public_url(request: Request[Any, Any, Any], settings: CallbacksSettings) -> str:
    return settings.public_url or f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}"

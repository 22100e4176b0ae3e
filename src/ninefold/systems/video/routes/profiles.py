"""The HTTP routes for profiles."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.video.model.watching import PROFILE_PREFIX
from ninefold.systems.video.routes.watching_wire import (
    CreateProfile,
    ProfileId,
    ProfileView,
    UpdateProfile,
    show_profile,
)
from ninefold.systems.video.service import profiles as service

_PROFILES: Final = "/api/v1/video/profiles"
_PROFILE: Final = f"{_PROFILES}/{{profile_id:str}}"
_TAGS: Final = ["video"]

ExternalIdFilter = Annotated[
    str,
    QueryParameter(max_length=service.EXTERNAL_ID_LENGTH_MAX, description="Only the profile with this external id."),
]

_profile_list = PagedList("video_profiles", UUID)


@post(_PROFILES, tags=_TAGS, status_code=201, responses=problem_responses(409))
async def create_profile(
    data: FromBody[CreateProfile],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> ProfileView:
    """Create a profile.

    For somebody who watches: it has a list, positions in titles and recommendations of its own.
    """
    async with database.transaction() as connection:
        profile = await service.create_profile(
            connection,
            organisation_id=principal.organisation_id,
            name=data.name,
            maturity_max=data.maturity_max,
            external_id=data.external_id,
        )
        audit.target_id = format_id(PROFILE_PREFIX, profile.profile_id)
    return show_profile(profile)


@get(_PROFILES, tags=_TAGS)
async def list_profiles(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    external_id: FromQuery[ExternalIdFilter | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[ProfileView]:
    """List profiles.

    Oldest first.
    """
    query = _profile_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_profiles(
            connection,
            organisation_id=principal.organisation_id,
            external_id=external_id,
            after=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.profile_id, show=show_profile)


@get(_PROFILE, tags=_TAGS)
async def get_profile(
    profile_id: FromPath[ProfileId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> ProfileView:
    """Show a profile."""
    async with database.snapshot() as connection:
        profile = await service.get_profile(
            connection, organisation_id=principal.organisation_id, profile_id=profile_id
        )
    return show_profile(profile)


@patch(_PROFILE, tags=_TAGS)
async def update_profile(
    profile_id: FromPath[ProfileId],
    data: FromBody[UpdateProfile],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> ProfileView:
    """Change a profile.

    A lower `maturity_max` counts from the next request on. What is playing goes on until its token expires.
    """
    async with database.transaction() as connection:
        profile = await service.get_profile(
            connection, organisation_id=principal.organisation_id, profile_id=profile_id
        )
        profile = await service.change_profile(
            connection,
            profile,
            name=None if isinstance(data.name, msgspec.UnsetType) else data.name,
            maturity_max=None if isinstance(data.maturity_max, msgspec.UnsetType) else data.maturity_max,
        )
    return show_profile(profile)


@delete(_PROFILE, tags=_TAGS)
async def delete_profile(
    profile_id: FromPath[ProfileId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> None:
    """Delete a profile.

    With its list and its positions. This can't be undone.
    """
    async with database.transaction() as connection:
        await service.delete_profile(connection, organisation_id=principal.organisation_id, profile_id=profile_id)


PROFILE_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_profile,
    list_profiles,
    get_profile,
    update_profile,
    delete_profile,
]

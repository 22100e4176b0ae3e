"""Queries for profiles."""

from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.watching import Maturity, Profile
from ninefold.systems.video.store.queries import queries


async def profile_delete(connection: Connection, *, organisation_id: UUID, profile_id: UUID) -> bool:
    """Delete a profile with all that it has watched; return whether there was one."""
    deleted = await queries.profile_delete(connection, organisation_id=organisation_id, profile_id=profile_id)
    return deleted is not None


async def profile_find(connection: Connection, *, organisation_id: UUID, profile_id: UUID) -> Profile | None:
    """Read one profile of an organisation."""
    record = await queries.profile_find(connection, organisation_id=organisation_id, profile_id=profile_id)
    return None if record is None else _profile(record)


async def profile_insert(
    connection: Connection,
    *,
    profile_id: UUID,
    organisation_id: UUID,
    name: str,
    maturity_max: Maturity,
    external_id: str | None,
) -> Profile | None:
    """Insert a profile; return None if the organisation has one with this external id."""
    record = await queries.profile_insert(
        connection,
        profile_id=profile_id,
        organisation_id=organisation_id,
        name=name,
        maturity_max=maturity_max,
        external_id=external_id,
    )
    return None if record is None else _profile(record)


async def profile_list(
    connection: Connection, *, organisation_id: UUID, external_id: str | None, after: UUID | None, limit: int
) -> list[Profile]:
    """Read a page of the profiles of an organisation, oldest first."""
    records = queries.profile_list(
        connection, organisation_id=organisation_id, external_id=external_id, after=after, limit=limit
    )
    return [_profile(record) async for record in records]


async def profile_update(connection: Connection, *, profile_id: UUID, name: str, maturity_max: Maturity) -> Profile:
    """Change a profile."""
    return _profile(
        await queries.profile_update(connection, profile_id=profile_id, name=name, maturity_max=maturity_max)
    )


def _profile(record: Any) -> Profile:
    return Profile(**record)

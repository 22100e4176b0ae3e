"""Queries for organisations."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Organisation
from ninefold.core.tenancy.store.queries import queries


async def organisation_delete(connection: Connection, *, organisation_id: UUID) -> None:
    """Delete an organisation with its credentials, members and invitations."""
    await queries.organisation_delete(connection, organisation_id=organisation_id)


async def organisation_exists(connection: Connection) -> bool:
    """Return whether there is any organisation."""
    return bool(await queries.organisation_exists(connection))


async def organisation_find(connection: Connection, *, organisation_id: UUID) -> Organisation | None:
    """Find an organisation by its id."""
    record = await queries.organisation_find(connection, organisation_id=organisation_id)
    return None if record is None else Organisation(**record)


async def organisation_insert(connection: Connection, *, organisation_id: UUID, name: str) -> Organisation:
    """Add an organisation."""
    record = await queries.organisation_insert(connection, organisation_id=organisation_id, name=name)
    return Organisation(**record)


async def organisation_list(connection: Connection, *, limit: int) -> list[Organisation]:
    """List the organisations, oldest first."""
    return [Organisation(**record) async for record in queries.organisation_list(connection, limit=limit)]


async def organisation_lock(connection: Connection) -> None:
    """Prevent others from adding an organisation until the transaction ends; an error outside of one."""
    await queries.organisation_lock(connection)


async def organisation_lock_members(connection: Connection, *, organisation_id: UUID) -> None:
    """Prevent others from changing the members of an organisation until the transaction ends."""
    await queries.organisation_lock_members(connection, organisation_id=organisation_id)

"""Queries for memberships and invitations."""

from typing import Any
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Invitation, Member, Membership
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.store.queries import queries


async def membership_count_owners(connection: Connection, *, organisation_id: UUID) -> int:
    """Count an organisation's owners whose accounts aren't disabled."""
    count: int = await queries.membership_count_owners(connection, organisation_id=organisation_id)
    return count


async def membership_delete(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> None:
    """Remove a member."""
    await queries.membership_delete(connection, organisation_id=organisation_id, account_id=account_id)


async def membership_find_member(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> Member | None:
    """Find a member of an organisation."""
    record = await queries.membership_find_member(connection, organisation_id=organisation_id, account_id=account_id)
    return None if record is None else Member(**_with_role(record))


async def membership_insert(connection: Connection, *, organisation_id: UUID, account_id: UUID, role: Role) -> bool:
    """Add a member; return False if the account is a member already."""
    is_added = await queries.membership_insert(
        connection, organisation_id=organisation_id, account_id=account_id, role=role
    )
    return bool(is_added)


async def membership_list(connection: Connection, *, account_id: UUID, limit: int) -> list[Membership]:
    """List the organisations of an account, oldest first."""
    records = queries.membership_list(connection, account_id=account_id, limit=limit)
    return [Membership(**_with_role(record)) async for record in records]


async def membership_list_members(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Member]:
    """List the members of an organisation, by their accounts."""
    records = queries.membership_list_members(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [Member(**_with_role(record)) async for record in records]


async def membership_set_role(connection: Connection, *, organisation_id: UUID, account_id: UUID, role: Role) -> None:
    """Change the role of a member."""
    await queries.membership_set_role(connection, organisation_id=organisation_id, account_id=account_id, role=role)


async def invitation_accept(connection: Connection, *, invitation_id: UUID, account_id: UUID) -> None:
    """Record who accepted an invitation."""
    await queries.invitation_accept(connection, invitation_id=invitation_id, account_id=account_id)


async def invitation_find(
    connection: Connection, *, invitation_id: UUID, organisation_id: UUID | None = None
) -> Invitation | None:
    """Find an invitation, of this organisation if one is given."""
    record = await queries.invitation_find(connection, invitation_id=invitation_id, organisation_id=organisation_id)
    return None if record is None else Invitation(**_with_role(record))


async def invitation_insert(
    connection: Connection,
    *,
    invitation_id: UUID,
    organisation_id: UUID,
    email: str,
    role: Role,
    invited_by: UUID | None,
) -> None:
    """Add an invitation, whose link is a credential with the same id."""
    await queries.invitation_insert(
        connection,
        invitation_id=invitation_id,
        organisation_id=organisation_id,
        email=email,
        role=role,
        invited_by=invited_by,
    )


async def invitation_list(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Invitation]:
    """List an organisation's invitations, newest first."""
    records = queries.invitation_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [Invitation(**_with_role(record)) async for record in records]


def _with_role(record: asyncpg.Record) -> dict[str, Any]:
    return {**record, "role": Role(record["role"])}

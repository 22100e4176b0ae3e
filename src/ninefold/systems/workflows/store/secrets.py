"""Queries for secrets and variables."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.secrets import SealedSecret, Secret, Variable
from ninefold.systems.workflows.store.queries import queries, read_row


async def secret_delete(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None, name: str
) -> bool:
    """Delete a secret; return False if there is none."""
    row = await queries.secret_delete(
        connection, organisation_id=organisation_id, repository_id=repository_id, name=name
    )
    return row is not None


async def secret_delete_many(connection: Connection, *, secret_ids: Sequence[UUID]) -> None:
    """Delete secrets that can't be read any more."""
    await queries.secret_delete_many(connection, secret_ids=list(secret_ids))


async def secret_list(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None, limit: int
) -> list[Secret]:
    """Read secrets by name, without their values."""
    rows = queries.secret_list(connection, organisation_id=organisation_id, repository_id=repository_id, limit=limit)
    return [read_row(Secret, row) async for row in rows]


async def secret_list_sealed(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID
) -> list[SealedSecret]:
    """Read what a job of a repository gets: those of the organisation first."""
    rows = queries.secret_list_sealed(connection, organisation_id=organisation_id, repository_id=repository_id)
    return [read_row(SealedSecret, row) async for row in rows]


async def secret_put(
    connection: Connection,
    *,
    secret_id: UUID,
    organisation_id: UUID,
    repository_id: UUID | None,
    name: str,
    sealed: bytes,
    at: datetime,
) -> Secret:
    """Set a secret."""
    row = await queries.secret_put(
        connection,
        secret_id=secret_id,
        organisation_id=organisation_id,
        repository_id=repository_id,
        name=name,
        sealed=sealed,
        at=at,
    )
    return read_row(Secret, row)


async def variable_delete(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None, name: str
) -> bool:
    """Delete a variable; return False if there is none."""
    row = await queries.variable_delete(
        connection, organisation_id=organisation_id, repository_id=repository_id, name=name
    )
    return row is not None


async def variable_list(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None, limit: int
) -> list[Variable]:
    """Read variables by name."""
    rows = queries.variable_list(connection, organisation_id=organisation_id, repository_id=repository_id, limit=limit)
    return [read_row(Variable, row) async for row in rows]


async def variable_list_effective(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID
) -> list[Variable]:
    """Read what a job of a repository gets: those of the organisation first."""
    rows = queries.variable_list_effective(connection, organisation_id=organisation_id, repository_id=repository_id)
    return [read_row(Variable, row) async for row in rows]


async def variable_put(
    connection: Connection,
    *,
    variable_id: UUID,
    organisation_id: UUID,
    repository_id: UUID | None,
    name: str,
    value: str,
    at: datetime,
) -> Variable:
    """Set a variable."""
    row = await queries.variable_put(
        connection,
        variable_id=variable_id,
        organisation_id=organisation_id,
        repository_id=repository_id,
        name=name,
        value=value,
        at=at,
    )
    return read_row(Variable, row)

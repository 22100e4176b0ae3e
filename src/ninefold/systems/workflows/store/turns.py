"""Queries for the places of organisations in the round robin."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.store.queries import queries, read_row


class TurnRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where an organisation stands, and what it may have."""

    organisation_id: UUID
    round: int
    joined_at: datetime
    deficit: int
    weight: int
    jobs_max: int


async def turn_activate_all(connection: Connection) -> None:
    """Mark every organisation that has a queued job as active, whether it has room for it or not."""
    await queries.turn_activate_all(connection)


async def turn_deactivate(connection: Connection, *, organisation_ids: Collection[UUID], jobs_max: int) -> None:
    """Take organisations out of the round robin that have nothing to claim, or no room for it."""
    await queries.turn_deactivate(connection, organisation_ids=list(organisation_ids), jobs_max=jobs_max)


async def turn_has_others(
    connection: Connection, *, organisation_ids: Collection[UUID], only: Collection[UUID] | None
) -> bool:
    """Whether an active organisation is not among these."""
    has_others: bool = await queries.turn_has_others(
        connection, organisation_ids=list(organisation_ids), only=None if only is None else list(only)
    )
    return has_others


async def turn_lock_exhausted(connection: Connection, *, organisation_ids: Collection[UUID]) -> list[UUID]:
    """Lock organisations that seem to have nothing to claim, except where a job is being added now."""
    rows = queries.turn_lock_exhausted(connection, organisation_ids=list(organisation_ids))
    return [row["organisation_id"] async for row in rows]


async def turn_lock_next(
    connection: Connection,
    *,
    organisation_ids: Collection[UUID],
    only: Collection[UUID] | None,
    jobs_max: int,
    limit: int,
) -> list[TurnRow]:
    """Lock the next organisations of the round robin that no other transaction has locked, without these ones."""
    rows = queries.turn_lock_next(
        connection,
        organisation_ids=list(organisation_ids),
        only=None if only is None else list(only),
        jobs_max=jobs_max,
        limit=limit,
    )
    return [read_row(TurnRow, row) async for row in rows]


async def turn_update(
    connection: Connection,
    *,
    organisation_ids: Sequence[UUID],
    rounds: Sequence[int],
    joined_at: Sequence[datetime],
    deficits: Sequence[int],
) -> None:
    """Move organisations to their next places."""
    await queries.turn_update(
        connection, organisation_ids=organisation_ids, rounds=rounds, joined_at=joined_at, deficits=deficits
    )

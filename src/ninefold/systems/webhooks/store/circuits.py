"""Queries for the circuits of subscriptions: the health of their endpoints."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.store.queries import queries

_encoder = msgspec.json.Encoder()


class FailureReport(msgspec.Struct, frozen=True, kw_only=True):
    """The failed attempts of one subscription since its latest success, among some outcomes."""

    subscription_id: UUID
    organisation_id: UUID
    failures: int
    """Without those that asked to slow down."""
    failed_at: datetime | None
    """When the first of them was attempted; None without any."""
    throttled_for_s: float | None
    """How long the receiver asked to send nothing."""


class FailingCircuit(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit after failures were counted."""

    subscription_id: UUID
    organisation_id: UUID
    failing_since: datetime | None
    consecutive_failures: int
    is_open: bool
    is_just_opened: bool
    is_pause_due: bool
    is_announcement_due: bool


class ChangedCircuit(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit that has changed, as workers need it."""

    subscription_id: UUID
    is_failing: bool
    is_open: bool
    throttled_for_s: float | None
    """None or negative when the receiver doesn't throttle."""


async def circuit_count_open(connection: Connection, *, limit: int) -> int:
    """Count the circuits that are open, up to a limit."""
    count: int = await queries.circuit_count_open(connection, limit=limit)
    return count


async def circuit_count_open_of(connection: Connection, *, organisation_id: UUID) -> int:
    """Count the open circuits of an organisation's subscriptions that aren't paused."""
    count: int = await queries.circuit_count_open_of(connection, organisation_id=organisation_id)
    return count


async def circuit_list_changed(connection: Connection, *, since: datetime) -> tuple[datetime, list[ChangedCircuit]]:
    """Read the circuits that have changed since a time; also return the database's time of this reading."""
    records = [record async for record in queries.circuit_list_changed(connection, since=since)]
    changed = [
        ChangedCircuit(
            subscription_id=record["subscription_id"],
            is_failing=record["is_failing"],
            is_open=record["is_open"],
            throttled_for_s=record["throttled_for_s"],
        )
        for record in records
        if record["subscription_id"] is not None
    ]
    return records[0]["read_at"], changed


async def circuit_mark_announced(connection: Connection, *, subscription_ids: Sequence[UUID]) -> None:
    """Note that the pause of these subscriptions was announced."""
    await queries.circuit_mark_announced(connection, subscription_ids=subscription_ids)


async def circuit_open(connection: Connection, *, subscription_ids: Collection[UUID], retry_s: float) -> set[UUID]:
    """Open the circuits of failing subscriptions; return those that were closed."""
    records = queries.circuit_open(connection, subscription_ids=list(subscription_ids), retry_s=retry_s)
    return {record["subscription_id"] async for record in records}


async def circuit_record_failures(
    connection: Connection,
    reports: Sequence[FailureReport],
    *,
    failures_max: int,
    retry_s: float,
    pause_after_s: float,
    announce_after_s: float,
) -> list[FailingCircuit]:
    """Count failed attempts; open the circuits that have reached the limit, and those whose probe has failed."""
    records = queries.circuit_record_failures(
        connection,
        reports=_encoder.encode(reports).decode(),
        failures_max=failures_max,
        retry_s=retry_s,
        pause_after_s=pause_after_s,
        announce_after_s=announce_after_s,
    )
    return [FailingCircuit(**record) async for record in records]


async def circuit_record_success(connection: Connection, *, subscription_ids: Collection[UUID]) -> dict[UUID, bool]:
    """Close the circuits of these subscriptions; return those that were failing, and whether each was open."""
    records = queries.circuit_record_success(connection, subscription_ids=list(subscription_ids))
    return {record["subscription_id"]: record["was_open"] async for record in records}


async def circuit_release(connection: Connection, *, worker_ids: Sequence[UUID]) -> None:
    """Let other workers probe the circuits that these workers were probing."""
    await queries.circuit_release(connection, worker_ids=worker_ids)


async def circuit_release_probes(
    connection: Connection, *, worker_id: UUID, subscription_ids: Collection[UUID]
) -> None:
    """Let these circuits be probed again, because this worker's probe has no result."""
    await queries.circuit_release_probes(connection, worker_id=worker_id, subscription_ids=list(subscription_ids))


async def circuit_reset(connection: Connection, *, subscription_id: UUID) -> None:
    """Close a subscription's circuit and forget its failures."""
    await queries.circuit_reset(connection, subscription_id=subscription_id)


async def circuit_start_probes(connection: Connection, *, worker_id: UUID, subscription_ids: Sequence[UUID]) -> None:
    """Note that a worker is probing these circuits, so that no other one does it too."""
    await queries.circuit_start_probes(connection, worker_id=worker_id, subscription_ids=subscription_ids)

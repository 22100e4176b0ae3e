"""Queries for callbacks: store, claim, judge, find and delete them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.callbacks.model import (
    Callback,
    CallbackContent,
    CallbackFilter,
    CallbackStatus,
    Judgement,
    NewCallback,
    VerifiedCallback,
    WaitingCallback,
)
from ninefold.systems.callbacks.rules.header_lines import join_headers, split_headers
from ninefold.systems.callbacks.store.queries import queries

_AFTER_ALL: Final = UUID(int=2**128 - 1)


class ListPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Which callbacks of an organisation a list looks at."""

    organisation_id: UUID
    wanted: CallbackFilter
    before: UUID | None
    """Only those with ids before this one; None for the newest."""
    looked_at_max: int
    """How many to look at. Those that aren't wanted count too."""


async def callback_claim(
    connection: Connection,
    *,
    after: UUID,
    organisations_max: int,
    limit: int,
    body_bytes_max: int,
    held_back: Collection[UUID],
) -> tuple[list[WaitingCallback], UUID | None]:
    """Lock callbacks that wait to be verified: a fair share for each organisation, oldest first.

    Args:
        connection: the transaction.
        after: the organisation after which to begin.
        organisations_max: how many organisations to look at.
        limit: how many callbacks to lock.
        body_bytes_max: the size of their bodies; the first callback of each organisation may exceed its share.
        held_back: sources whose callbacks are left out.

    Returns:
        The callbacks, and the last organisation that was looked at; None when no organisation follows.
    """
    records = [
        record
        async for record in queries.callback_claim(
            connection,
            after=after,
            organisations_max=organisations_max,
            limit=limit,
            body_bytes_max=body_bytes_max,
            held_back=list(held_back),
        )
    ]
    waiting = [_waiting(record) for record in records if record["callback_id"] is not None]
    return waiting, records[0]["last_organisation_id"] if records else None


async def callback_count_received(connection: Connection, *, limit: int) -> int:
    """Count the callbacks that wait to be verified, up to a limit."""
    count: int = await queries.callback_count_received(connection, limit=limit)
    return count


async def callback_delete_before(connection: Connection, *, before: UUID, limit: int) -> int:
    """Delete callbacks with ids before one that don't wait to be verified, up to a limit; return how many."""
    return len([record async for record in queries.callback_delete_before(connection, before=before, limit=limit)])


async def callback_find(connection: Connection, *, organisation_id: UUID, callback_id: UUID) -> Callback | None:
    """Read one callback of an organisation."""
    record = await queries.callback_find(connection, organisation_id=organisation_id, callback_id=callback_id)
    return None if record is None else _callback(record)


async def callback_find_content(
    connection: Connection, *, organisation_id: UUID, callback_id: UUID
) -> CallbackContent | None:
    """Read the headers and the body of a callback of an organisation."""
    record = await queries.callback_find_content(connection, organisation_id=organisation_id, callback_id=callback_id)
    if record is None:
        return None
    return CallbackContent(headers=split_headers(record["headers"]), body=record["body"])


async def callback_insert_many(connection: Connection, *, callbacks: Sequence[NewCallback]) -> dict[UUID, int]:
    """Insert callbacks, except those whose source is deleted; return the version of each one's source."""
    records = queries.callback_insert_many(
        connection,
        callback_ids=[callback.callback_id for callback in callbacks],
        source_ids=[callback.source_id for callback in callbacks],
        statuses=[callback.status.value for callback in callbacks],
        received_ats=[callback.received_at for callback in callbacks],
        peers=[callback.peer for callback in callbacks],
        methods=[callback.method for callback in callbacks],
        schemes=[callback.scheme for callback in callbacks],
        paths=[callback.path for callback in callbacks],
        queries=[callback.query for callback in callbacks],
        headers=[join_headers(callback.headers) for callback in callbacks],
        bodies=[callback.body for callback in callbacks],
    )
    return {record["callback_id"]: record["source_version"] async for record in records}


async def callback_find_end(connection: Connection, place: ListPlace) -> UUID | None:
    """Return the last callback that `callback_list` looks at; None if it looks at all that there are."""
    end: UUID | None = await queries.callback_find_end(connection, **_scan(place))
    return end


async def callback_list(connection: Connection, place: ListPlace, *, limit: int) -> list[Callback]:
    """Read an organisation's callbacks of a place in their list, newest first."""
    records = queries.callback_list(connection, **_scan(place), limit=limit)
    return [_callback(record) async for record in records]


async def callback_list_changed(
    connection: Connection,
    *,
    callback_ids: Collection[UUID],
    source_ids: Collection[UUID],
    organisation_ids: Collection[UUID],
) -> list[Callback]:
    """Read those of these callbacks that belong to some sources or organisations."""
    records = queries.callback_list_changed(
        connection,
        callback_ids=list(callback_ids),
        source_ids=list(source_ids),
        organisation_ids=list(organisation_ids),
    )
    return [_callback(record) async for record in records]


async def callback_lock(connection: Connection, *, organisation_id: UUID, callback_id: UUID) -> VerifiedCallback | None:
    """Lock a verified callback of an organisation; return None if there is none with this id, or it isn't verified."""
    record = await queries.callback_lock(connection, organisation_id=organisation_id, callback_id=callback_id)
    return None if record is None else _verified(record)


async def callback_lock_verified(
    connection: Connection,
    *,
    organisation_id: UUID,
    source_id: UUID | None,
    event_type: str | None,
    since: datetime,
    until: datetime,
    after: UUID,
    limit: int,
) -> list[VerifiedCallback]:
    """Lock verified callbacks that follow one and were received in a time, oldest first."""
    records = queries.callback_lock_verified(
        connection,
        organisation_id=organisation_id,
        source_id=source_id,
        event_type=event_type,
        since=since,
        until=until,
        after=after,
        limit=limit,
    )
    return [_verified(record) async for record in records]


async def callback_receive_again(
    connection: Connection, *, organisation_id: UUID, source_id: UUID | None, after: UUID, limit: int
) -> list[UUID]:
    """Let quarantined callbacks that follow one be verified again; return their ids, oldest first."""
    records = queries.callback_receive_again(
        connection, organisation_id=organisation_id, source_id=source_id, after=after, limit=limit
    )
    return [record["callback_id"] async for record in records]


async def callback_record_judgements(connection: Connection, *, judgements: Sequence[Judgement]) -> None:
    """Record what became of callbacks that this transaction has locked."""
    await queries.callback_record_judgements(
        connection,
        callback_ids=[judgement.callback_id for judgement in judgements],
        statuses=[judgement.status.value for judgement in judgements],
        event_types=[judgement.event_type for judgement in judgements],
        provider_event_ids=[judgement.provider_event_id for judgement in judgements],
        reasons=[judgement.reason for judgement in judgements],
        details=[judgement.detail for judgement in judgements],
        duplicates_of=[judgement.duplicate_of for judgement in judgements],
        event_ids=[judgement.event_id for judgement in judgements],
    )


async def callback_record_replays(connection: Connection, *, callback_ids: Sequence[UUID]) -> None:
    """Count a replay of each of these callbacks."""
    await queries.callback_record_replays(connection, callback_ids=callback_ids)


def _scan(place: ListPlace) -> dict[str, Any]:
    wanted = place.wanted
    return {
        "scan": _scan_name(wanted),
        "organisation_id": place.organisation_id,
        "before": place.before or _AFTER_ALL,
        "source_id": wanted.source_id,
        "status": wanted.status,
        "provider": wanted.provider,
        "event_type": wanted.event_type,
        "looked_at_max": place.looked_at_max,
    }


def _scan_name(wanted: CallbackFilter) -> str:
    """Return by which index the callbacks are looked at: the one that is likely to have the fewest others."""
    if wanted.event_type is not None:
        return "type"
    if wanted.status not in {None, CallbackStatus.VERIFIED}:
        return "status"
    if wanted.source_id is not None:
        return "source"
    return "all" if wanted.provider is None else "provider"


def _verified(record: asyncpg.Record) -> VerifiedCallback:
    return VerifiedCallback(
        callback=_waiting(record), event_type=record["event_type"], provider_event_id=record["provider_event_id"]
    )


def _waiting(record: asyncpg.Record) -> WaitingCallback:
    return WaitingCallback(
        callback_id=record["callback_id"],
        organisation_id=record["organisation_id"],
        source_id=record["source_id"],
        received_at=record["received_at"],
        method=record["method"],
        scheme=record["scheme"],
        path=record["path"],
        query=record["query"],
        headers=split_headers(record["headers"]),
        body=record["body"],
    )


def _callback(record: asyncpg.Record) -> Callback:
    return Callback(
        callback_id=record["callback_id"],
        organisation_id=record["organisation_id"],
        source_id=record["source_id"],
        provider=record["provider"],
        status=CallbackStatus(record["status"]),
        received_at=record["received_at"],
        judged_at=record["judged_at"],
        peer=record["peer"],
        method=record["method"],
        path=record["path"],
        query=record["query"],
        body_bytes=record["body_bytes"],
        event_type=record["event_type"],
        provider_event_id=record["provider_event_id"],
        reason=record["reason"],
        detail=record["detail"],
        duplicate_of=record["duplicate_of"],
        event_id=record["event_id"],
        replay_count=record["replay_count"],
    )

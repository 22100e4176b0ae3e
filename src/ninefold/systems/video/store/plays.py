"""Queries for plays and their figures."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.plays import BeaconSums, JoinCount, Play, PlaySums
from ninefold.systems.video.store.queries import queries


async def play_add_beacon(
    connection: Connection,
    *,
    organisation_id: UUID,
    title_id: UUID,
    play_id: UUID,
    sequence: int,
    seen_at: datetime,
    device: str,
    sums: BeaconSums,
    gaps_max: int,
) -> tuple[UUID | None, int | None] | None:
    """Add up what a beacon says; return the profile and the title's duration, or None if that was done already."""
    record: Any = await queries.play_add_beacon(
        connection,
        organisation_id=organisation_id,
        title_id=title_id,
        play_id=play_id,
        sequence=sequence,
        seen_at=seen_at,
        device=device,
        join_ms=sums.join_ms,
        played_ms=sums.played_ms,
        stalled_ms=sums.stalled_ms,
        stalls=sums.stalls,
        switches=sums.switches,
        errors=sums.errors,
        failures=sums.failures,
        last_error=sums.last_error,
        ended_at=sums.ended_at,
        gaps_max=gaps_max,
    )
    return None if record is None else (record["profile_id"], record["duration_us"])


async def play_count_watching(
    connection: Connection,
    *,
    organisation_id: UUID,
    title_id: UUID | None,
    started_after: datetime,
    seen_after: datetime,
) -> int:
    """Count the plays of an organisation, or of one title, whose latest beacon came lately."""
    count: int = await queries.play_count_watching(
        connection,
        organisation_id=organisation_id,
        title_id=title_id,
        started_after=started_after,
        seen_after=seen_after,
    )
    return count


async def play_delete_old(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete plays that began before a time, and add them to the figures of their days; return how many."""
    count: int = await queries.play_delete_old(connection, before=before, limit=limit)
    return count


async def play_find(connection: Connection, *, organisation_id: UUID, play_id: UUID) -> Play | None:
    """Read one play of an organisation."""
    record = await queries.play_find(connection, organisation_id=organisation_id, play_id=play_id)
    return None if record is None else Play(**record)


async def play_insert(connection: Connection, *, play: Play, device: str) -> None:
    """Insert a play."""
    await queries.play_insert(
        connection,
        play_id=play.play_id,
        organisation_id=play.organisation_id,
        title_id=play.title_id,
        profile_id=play.profile_id,
        device=device,
        started_at=play.started_at,
    )


async def play_list_joins(
    connection: Connection, *, organisation_id: UUID, title_id: UUID | None, since: datetime, limit: int
) -> list[JoinCount]:
    """Read the histogram of how long joining took since a time, of an organisation or of one title."""
    records = queries.play_list_joins(
        connection, organisation_id=organisation_id, title_id=title_id, since=since, limit=limit
    )
    return [JoinCount(**record) async for record in records]


async def play_list_popular(
    connection: Connection, *, organisation_id: UUID, since: datetime, plays_max: int, limit: int
) -> list[UUID]:
    """Read which titles most viewers have begun lately, most first; of the latest `plays_max` plays."""
    records = queries.play_list_popular(
        connection, organisation_id=organisation_id, since=since, plays_max=plays_max, limit=limit
    )
    return [record["title_id"] async for record in records]


async def play_list_sums(
    connection: Connection, *, organisation_id: UUID, title_id: UUID | None, since: datetime, limit: int
) -> list[PlaySums]:
    """Add up the figures of each title since a time, of an organisation or of one title; most plays first."""
    records = queries.play_list_sums(
        connection, organisation_id=organisation_id, title_id=title_id, since=since, limit=limit
    )
    return [PlaySums(**record) async for record in records]


async def title_day_delete_old(connection: Connection, *, before: date) -> None:
    """Delete the figures of days before a day."""
    await queries.title_day_delete_old(connection, before=before)

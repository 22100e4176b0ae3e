"""Queries for what was watched, and for what was learned from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.recommendations import Report, Trained, Watch
from ninefold.systems.video.store.queries import queries


async def recommendation_model_find(connection: Connection, *, organisation_id: UUID) -> Report | None:
    """Read what is known of the model of an organisation, without the model itself."""
    record = await queries.recommendation_model_find(connection, organisation_id=organisation_id)
    return None if record is None else Report(**record)


async def recommendation_model_find_factors(
    connection: Connection, *, organisation_id: UUID
) -> tuple[datetime, int, bytes, bytes] | None:
    """Read when the model of an organisation was trained, its number of factors, titles and factors."""
    record: Any = await queries.recommendation_model_find_factors(connection, organisation_id=organisation_id)
    if record is None:
        return None
    return record["trained_at"], record["factors"], record["title_ids"], record["title_factors"]


async def recommendation_model_set(connection: Connection, *, organisation_id: UUID, trained: Trained) -> None:
    """Write the model of an organisation."""
    report = trained.report
    await queries.recommendation_model_set(
        connection,
        organisation_id=organisation_id,
        trained_at=report.trained_at,
        kind=report.kind,
        why=report.why,
        profiles=report.profiles,
        titles=report.titles,
        watches=report.watches,
        factors=report.factors,
        held_out=report.held_out,
        recall_model=report.recall_model,
        recall_popularity=report.recall_popularity,
        title_ids=trained.title_ids,
        title_factors=trained.title_factors,
    )


async def watch_list(
    connection: Connection, *, organisation_id: UUID, after: tuple[UUID, UUID], limit: int
) -> Sequence[tuple[UUID, UUID, datetime, float]]:
    """Read a page of what the profiles of an organisation have watched: profile, title, when, how much."""
    records = queries.watch_list(
        connection,
        organisation_id=organisation_id,
        after_profile_id=after[0],
        after_title_id=after[1],
        limit=limit,
    )
    return [
        (record["profile_id"], record["title_id"], record["watched_at"], record["weight"]) async for record in records
    ]


async def watch_list_of_profile(connection: Connection, *, profile_id: UUID, limit: int) -> list[Watch]:
    """Read what a profile has watched, latest first."""
    records = queries.watch_list_of_profile(connection, profile_id=profile_id, limit=limit)
    return [Watch(**record) async for record in records]


async def watch_list_organisations(connection: Connection, *, after: UUID, limit: int) -> list[UUID]:
    """Read a page of the organisations that have profiles."""
    records = queries.watch_list_organisations(connection, after=after, limit=limit)
    return [record["organisation_id"] async for record in records]

"""Queries for what players load."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.streams import BlobPart, StreamedTitle
from ninefold.systems.video.model.titles import TitleStatus
from ninefold.systems.video.packaging.codecs import expected_codecs
from ninefold.systems.video.packaging.timeline import Segment, Sheet, Subtitles, Track
from ninefold.systems.video.store.queries import queries


async def delivery_find_init(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, rung: str
) -> bytes | None:
    """Return the initialization segment of a rung."""
    record = await queries.delivery_find_init(connection, title_id=title_id, organisation_id=organisation_id, rung=rung)
    return None if record is None else record["init"]


async def delivery_find_segment(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, rung: str, number: int
) -> BlobPart | None:
    """Return where the bytes of a segment are."""
    record = await queries.delivery_find_segment(
        connection, title_id=title_id, organisation_id=organisation_id, rung=rung, number=number
    )
    return None if record is None else BlobPart(**record)


async def delivery_find_sheet(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, number: int
) -> BlobPart | None:
    """Return where the bytes of a sheet of small pictures are."""
    record = await queries.delivery_find_sheet(
        connection, title_id=title_id, organisation_id=organisation_id, number=number
    )
    return None if record is None else BlobPart(blob_id=record["blob_id"], first_byte=0, size_bytes=None)


async def delivery_find_subtitles(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, language: str
) -> str | None:
    """Return the text of a title for a language."""
    record = await queries.delivery_find_subtitles(
        connection, title_id=title_id, organisation_id=organisation_id, language=language
    )
    return None if record is None else record["webvtt"]


async def delivery_find_title(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> StreamedTitle | None:
    """Return a title that isn't canceled."""
    record = await queries.delivery_find_title(connection, title_id=title_id, organisation_id=organisation_id)
    return None if record is None else StreamedTitle(**{**record, "status": TitleStatus(record["status"])})


async def delivery_list_gone(connection: Connection, *, title_ids: Sequence[UUID]) -> list[UUID]:
    """List those of some titles that are deleted or canceled."""
    records = queries.delivery_list_gone(connection, title_ids=title_ids)
    return [record["title_id"] async for record in records]


async def delivery_list_rungs(connection: Connection, title_id: UUID) -> tuple[list[Track], Track | None]:
    """List the rungs of the picture from the lowest, and the sound if there is some."""
    video: list[Track] = []
    audio: Track | None = None
    async for record in queries.delivery_list_rungs(connection, title_id=title_id):
        if record["kind"] == "audio":
            audio = _track(record)
        else:
            video.append(_track(record))
    return video, audio


async def delivery_list_sheets(connection: Connection, title_id: UUID) -> list[Sheet]:
    """List the sheets of small pictures of a title."""
    return [Sheet(**record) async for record in queries.delivery_list_sheets(connection, title_id=title_id)]


async def delivery_list_subtitles(connection: Connection, title_id: UUID) -> list[Subtitles]:
    """List the languages that a title has text for."""
    return [Subtitles(**record) async for record in queries.delivery_list_subtitles(connection, title_id=title_id)]


def _track(record: asyncpg.Record) -> Track:
    listed = zip(record["numbers"], record["starts"], record["durations"], record["sizes"], strict=True)
    return Track(
        rung=record["name"],
        timescale=record["timescale"],
        codecs=record["codecs"] or expected_codecs(record["level"]),
        bandwidth=record["bitrate_max"],
        bandwidth_mean=record["bitrate_mean"],
        width=record["width"],
        height=record["height"],
        frame_rate=record["frame_rate"],
        segments=[Segment(*each) for each in listed],
    )

"""Queries for what is made of a title: rungs, chunks, segments and sheets."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.transcoding import Chunk, LadderChunk, RungRow, SegmentRow, SpriteSheet
from ninefold.systems.video.rules.damage import DamagedPart
from ninefold.systems.video.store.queries import queries


class Reach(NamedTuple):
    """How far a rung is."""

    segments: int
    until: int
    """In ticks, without a gap."""


async def chunk_find(connection: Connection, title_id: UUID, number: int) -> Chunk | None:
    """Read a chunk."""
    record = await queries.chunk_find(connection, title_id=title_id, number=number)
    return None if record is None else Chunk(**record)


async def chunk_insert(connection: Connection, chunk: Chunk) -> None:
    """Insert a chunk."""
    await queries.chunk_insert(
        connection,
        title_id=chunk.title_id,
        number=chunk.number,
        start_us=chunk.start_us,
        duration_us=chunk.duration_us,
        first_segment=chunk.first_segment,
        starts=chunk.starts,
        end_tick=chunk.end_tick,
        times=chunk.times,
        has_leading=chunk.has_leading,
        needs_next=chunk.needs_next,
        sha256=chunk.sha256,
        blob_id=chunk.blob_id,
    )


async def chunk_list(connection: Connection, title_id: UUID) -> list[LadderChunk]:
    """Read where the chunks of a title are."""
    return [
        LadderChunk(
            number=record["number"],
            start_s=record["start_us"] / 1_000_000,
            duration_s=record["duration_us"] / 1_000_000,
        )
        async for record in queries.chunk_list(connection, title_id=title_id)
    ]


async def chunk_list_damaged(connection: Connection, title_id: UUID) -> list[DamagedPart]:
    """Read where the damaged chunks of a title are."""
    return [DamagedPart(**record) async for record in queries.chunk_list_damaged(connection, title_id=title_id)]


async def chunk_mark_damaged(connection: Connection, title_id: UUID, number: int) -> None:
    """Write that packets of a chunk are damaged."""
    await queries.chunk_mark_damaged(connection, title_id=title_id, number=number)


async def chunk_release(connection: Connection, title_id: UUID, numbers: Sequence[int]) -> list[UUID]:
    """Forget the packets of chunks that nothing needs any more; return their blobs."""
    records = queries.chunk_release(connection, title_id=title_id, numbers=numbers)
    return [record["blob_id"] async for record in records]


async def rung_add_vmaf(connection: Connection, title_id: UUID, name: str, *, score: float) -> None:
    """Add the score of a chunk to that of a rung."""
    await queries.rung_add_vmaf(connection, title_id=title_id, name=name, score=score)


async def rung_delete(connection: Connection, title_id: UUID, name: str) -> None:
    """Delete a rung that has nothing."""
    await queries.rung_delete(connection, title_id=title_id, name=name)


async def rung_find(connection: Connection, title_id: UUID, name: str) -> RungRow | None:
    """Read a rung."""
    record = await queries.rung_find(connection, title_id=title_id, name=name)
    return None if record is None else RungRow(**record)


async def rung_insert(connection: Connection, rung: RungRow) -> None:
    """Insert a rung, if it isn't there yet."""
    await queries.rung_insert(
        connection,
        title_id=rung.title_id,
        name=rung.name,
        kind=rung.kind,
        position=rung.position,
        width=rung.width,
        height=rung.height,
        level=rung.level,
        bitrate_max=rung.bitrate_max,
        frame_rate=rung.frame_rate,
        timescale=rung.timescale,
    )


async def rung_list(connection: Connection, title_id: UUID) -> list[RungRow]:
    """Read the rungs of a title, from the lowest quality on, and the sound last."""
    return [RungRow(**record) async for record in queries.rung_list(connection, title_id=title_id)]


async def rung_set_init(connection: Connection, title_id: UUID, name: str, *, init: bytes, codecs: str) -> bytes | None:
    """Write the initialization segment of a rung, if it isn't known; return the one that it has."""
    record = await queries.rung_set_init(connection, title_id=title_id, name=name, init=init, codecs=codecs)
    return None if record is None else record["init"]


async def rung_set_mean(connection: Connection, title_id: UUID, name: str, *, timescale: int) -> None:
    """Write how many bits a second a rung has had so far."""
    await queries.rung_set_mean(connection, title_id=title_id, name=name, timescale=timescale)


async def segment_find_first(connection: Connection, title_id: UUID) -> bool:
    """Find out whether the lowest rung and the sound of a title have begun."""
    record = await queries.segment_find_first(connection, title_id=title_id)
    return bool(record["has_begun"])


async def segment_insert_many(connection: Connection, segments: Sequence[SegmentRow]) -> list[int]:
    """Insert segments of one rung and blob that aren't there yet; return the numbers of those that weren't."""
    first = segments[0]
    records = queries.segment_insert_many(
        connection,
        title_id=first.title_id,
        rung=first.rung,
        chunk_number=first.chunk_number,
        blob_id=first.blob_id,
        numbers=[segment.number for segment in segments],
        starts=[segment.start for segment in segments],
        durations=[segment.duration for segment in segments],
        first_bytes=[segment.first_byte for segment in segments],
        sizes=[segment.size_bytes for segment in segments],
    )
    return [record["number"] async for record in records]


async def segment_list(connection: Connection, title_id: UUID, *, rung: str) -> list[SegmentRow]:
    """Read the segments of a rung, in order."""
    return [SegmentRow(**record) async for record in queries.segment_list(connection, title_id=title_id, rung=rung)]


async def segment_list_reach(connection: Connection, title_id: UUID) -> dict[str, Reach]:
    """Read how far each rung of a title is."""
    records = queries.segment_list_reach(connection, title_id=title_id)
    return {record["rung"]: Reach(record["segments"], record["until"]) async for record in records}


async def sprite_sheet_insert(connection: Connection, sheet: SpriteSheet) -> bool:
    """Insert a sheet of small pictures; return False if it is there."""
    inserted = await queries.sprite_sheet_insert(
        connection,
        title_id=sheet.title_id,
        number=sheet.number,
        blob_id=sheet.blob_id,
        start_us=sheet.start_us,
        interval_us=sheet.interval_us,
        pictures=sheet.pictures,
        columns=sheet.columns,
        width=sheet.width,
        height=sheet.height,
    )
    return inserted is not None

"""What comes of a source is written down here: rungs, chunks, segments, and the tasks for them.

Each function is one step in a transaction that has locked the title before (`lock_title`), so that nothing is written
for a title that has ended. The caller has uploaded the blobs, and notifies what is returned after the commit.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

from ninefold.core.blobs.model import Blob
from ninefold.core.blobs.service import delete_blob, keep_blob
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.errors import InvalidSubtitleError
from ninefold.systems.video.model.titles import SourceFacts, Title
from ninefold.systems.video.model.transcoding import Chunk, NewTask, RungRow, SegmentRow, SpriteSheet, Task, TaskKind
from ninefold.systems.video.rules.damage import warnings_of
from ninefold.systems.video.rules.ladder import AUDIO_RUNG
from ninefold.systems.video.rules.limits import SUBTITLE_BYTES_MAX
from ninefold.systems.video.rules.subtitles import to_webvtt
from ninefold.systems.video.rules.urgency import encode_urgency, pictures_urgency, score_urgency
from ninefold.systems.video.service.channels import Changed
from ninefold.systems.video.service.feeds import append_title_change
from ninefold.systems.video.service.titles import (
    title_failed,
    title_pictured,
    title_playable,
    title_probed,
    title_ready,
)
from ninefold.systems.video.store import ladder, tasks
from ninefold.systems.video.store.subtitles import subtitle_find, subtitle_put
from ninefold.systems.video.store.titles import title_find

SCORED_CHUNKS: Final = (0, 5, 25)
"""Which chunks of a title are compared to their source: comparing takes about as long as encoding."""


LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
UNKNOWN_LANGUAGE: Final = "und"
"""Of ISO 639-2: undetermined."""

LANGUAGE_LABELS: Final = {UNKNOWN_LANGUAGE: "Subtitles"}


class InitDiffersError(Exception):
    """A chunk was encoded with another initialization segment than those before it."""


async def begin_rungs(connection: Connection, title: Title, facts: SourceFacts, rungs: Sequence[RungRow]) -> Changed:
    """Take what was found in a source, and which rungs there will be."""
    for rung in rungs:
        await ladder.rung_insert(connection, rung)
    return await title_probed(connection, title.title_id, facts)


async def add_chunk(
    connection: Connection, title: Title, chunk: Chunk, *, rungs: Sequence[RungRow], before: Chunk | None
) -> Changed:
    """Add a chunk whose packets are stored, and queue what is to be done with it.

    Args:
        connection: in the transaction.
        title: the title, locked.
        chunk: the chunk.
        rungs: those with a picture.
        before: the chunk before it, whose tasks had to wait if it needs packets of this one.
    """
    assert chunk.blob_id is not None, "its packets are stored"
    await keep_blob(connection, chunk.blob_id, organisation_id=title.organisation_id)
    await ladder.chunk_insert(connection, chunk)
    due = [each for each in (before, chunk) if each is not None and each.needs_next == (each is before)]
    new = [task for each in due for task in _tasks_of(each, rungs)]
    await tasks.task_insert_many(connection, title.title_id, new, organisation_id=title.organisation_id)
    feeds = await append_title_change(connection, title, "chunk")
    return Changed(feeds=feeds, organisation_ids=frozenset({title.organisation_id}))


async def release_last_chunk(connection: Connection, title: Title, chunk: Chunk, rungs: Sequence[RungRow]) -> Changed:
    """Queue what is to be done with the last chunk of a source, if it has waited for one after it."""
    await tasks.task_insert_many(
        connection, title.title_id, _tasks_of(chunk, rungs), organisation_id=title.organisation_id
    )
    return Changed(organisation_ids=frozenset({title.organisation_id}))


def _tasks_of(chunk: Chunk, rungs: Sequence[RungRow]) -> list[NewTask]:
    new = [
        NewTask(
            kind=TaskKind.ENCODE,
            rung=rung.name,
            chunk_number=chunk.number,
            urgency=encode_urgency(start_us=chunk.start_us, position=rung.position),
        )
        for rung in rungs
    ]
    if chunk.number in SCORED_CHUNKS:
        new += [
            NewTask(
                kind=TaskKind.SCORE,
                rung=rung.name,
                chunk_number=chunk.number,
                urgency=score_urgency(start_us=chunk.start_us, position=rung.position),
            )
            for rung in rungs
        ]
    return new


async def add_segments(
    connection: Connection,
    title: Title,
    segments: Sequence[SegmentRow],
    *,
    init: bytes,
    codecs: str,
    timescale: int,
    at: datetime,
) -> Changed:
    """Add segments of one rung that one blob has; those that are there already stay.

    Raises:
        InitDiffersError: the rung has another initialization segment.
    """
    first = segments[0]
    known = await ladder.rung_set_init(connection, title.title_id, first.rung, init=init, codecs=codecs)
    if known != init:
        raise InitDiffersError
    inserted = await ladder.segment_insert_many(connection, segments)
    if not inserted:
        return Changed()
    await keep_blob(connection, first.blob_id, organisation_id=title.organisation_id)
    await ladder.rung_set_mean(connection, title.title_id, first.rung, timescale=timescale)
    changed = Changed(
        feeds=await append_title_change(connection, title, "segment"), title_ids=frozenset({title.title_id})
    )
    return changed | await _check_playable(connection, title, at)


async def add_text(connection: Connection, title: Title, *, language: str | None, content: bytes) -> Changed:
    """Add text of the source as subtitles. What people have added for its language stays."""
    if len(content) > SUBTITLE_BYTES_MAX:
        return Changed()
    language = language if language is not None and LANGUAGE.fullmatch(language) else UNKNOWN_LANGUAGE
    try:
        webvtt = to_webvtt(content)
    except InvalidSubtitleError:
        # It has no text.
        return Changed()
    if await subtitle_find(connection, title.title_id, language=language) is not None:
        return Changed()
    label = LANGUAGE_LABELS.get(language, language)
    await subtitle_put(connection, title.title_id, language=language, label=label, webvtt=webvtt)
    feeds = await append_title_change(connection, title, "metadata")
    return Changed(feeds=feeds, title_ids=frozenset({title.title_id}))


async def finish_encode(
    connection: Connection, title: Title, task: Task, *, is_damaged: bool = False, at: datetime
) -> Changed:
    """Take that a chunk is encoded for a rung; forget its packets once nothing needs them."""
    assert task.chunk_number is not None, "chunks have numbers"
    if not await tasks.task_finish(connection, task, at=at):
        return Changed()
    if is_damaged:
        await ladder.chunk_mark_damaged(connection, title.title_id, task.chunk_number)
    numbers = [task.chunk_number, task.chunk_number + 1]
    await _queue_pictures(connection, title, task)
    for blob_id in await ladder.chunk_release(connection, title.title_id, numbers):
        await delete_blob(connection, blob_id, organisation_id=title.organisation_id)
    return await check_ready(connection, title, at=at)


async def finish_score(
    connection: Connection, title: Title, task: Task, *, score: float | None, at: datetime
) -> Changed:
    """Take the score of a chunk, or None if it can't be compared; the title may be ready already."""
    assert task.rung is not None, "a rung is scored"
    assert task.chunk_number is not None, "by one of its chunks"
    if not await tasks.task_finish(connection, task, at=at):
        return Changed()
    if score is not None:
        await ladder.rung_add_vmaf(connection, title.title_id, task.rung, score=score)
    numbers = [task.chunk_number, task.chunk_number + 1]
    for blob_id in await ladder.chunk_release(connection, title.title_id, numbers):
        await delete_blob(connection, blob_id, organisation_id=title.organisation_id)
    return Changed(feeds=await append_title_change(connection, title, "score"))


async def finish_split(
    connection: Connection,
    title: Title,
    task: Task,
    *,
    last: Chunk | None,
    rungs: Sequence[RungRow],
    is_damaged: bool = False,
    at: datetime,
) -> Changed:
    """Take that a source was split to its end: what it doesn't have is known now, and what is left to do."""
    changed = Changed()
    reach = await ladder.segment_list_reach(connection, title.title_id)
    if AUDIO_RUNG not in reach:
        await ladder.rung_delete(connection, title.title_id, AUDIO_RUNG)
        changed |= await _check_playable(connection, title, at)
    if last is not None:
        if last.needs_next:
            changed |= await release_last_chunk(connection, title, last, rungs)
        end_us = last.start_us + last.duration_us
        source = {**(title.source or {}), "is_damaged": is_damaged}
        facts = SourceFacts(source=source, duration_us=end_us)
        changed |= await title_probed(connection, title.title_id, facts)
    await tasks.task_finish(connection, task, at=at)
    await _queue_pictures(connection, title, task)
    changed |= Changed(organisation_ids=frozenset({title.organisation_id}))
    return changed | await check_ready(connection, title, at=at)


async def finish_pictures(
    connection: Connection,
    title: Title,
    task: Task,
    *,
    poster: Blob | None,
    sheets: Sequence[SpriteSheet],
    at: datetime,
) -> Changed:
    """Take the pictures of a title; a poster replaces the one before."""
    changed = Changed()
    for sheet in sheets:
        if await ladder.sprite_sheet_insert(connection, sheet):
            await keep_blob(connection, sheet.blob_id, organisation_id=title.organisation_id)
    if poster is not None:
        await keep_blob(connection, poster.blob_id, organisation_id=title.organisation_id)
        if title.poster_blob_id is not None:
            await delete_blob(connection, title.poster_blob_id, organisation_id=title.organisation_id)
        changed |= await title_pictured(connection, title.title_id, poster_blob_id=poster.blob_id)
    await tasks.task_finish(connection, task, at=at)
    return changed | await check_ready(connection, title, at=at)


async def _queue_pictures(connection: Connection, title: Title, task: Task) -> None:
    """Queue the first poster with the first chunk of the lowest rung, and all pictures once that rung is whole."""
    rungs = await ladder.rung_list(connection, title.title_id)
    lowest = rungs[0].name
    if task.rung not in {None, lowest}:
        return
    new = []
    if task.chunk_number == 0:
        new.append(NewTask(kind=TaskKind.PICTURES, chunk_number=0, urgency=pictures_urgency(end_us=0)))
    if title.uploaded_at is not None and not await tasks.task_count_unfinished_of_rung(
        connection, title.title_id, rung=lowest
    ):
        new.append(NewTask(kind=TaskKind.PICTURES, urgency=pictures_urgency(end_us=title.duration_us or 0)))
    await tasks.task_insert_many(connection, title.title_id, new, organisation_id=title.organisation_id)


async def check_ready(connection: Connection, title: Title, *, at: datetime) -> Changed:
    """End the title if everything was done for it."""
    if title.uploaded_at is None or await tasks.task_count_unfinished(connection, title.title_id):
        return Changed()
    return await title_ready(connection, title.title_id, at, warnings=await _warnings(connection, title))


async def _warnings(connection: Connection, title: Title) -> list[str]:
    """Return what is damaged of a title of which everything else is known."""
    found = await title_find(connection, title.title_id, organisation_id=title.organisation_id)
    if found is None or found.source is None:
        return []
    reach = await ladder.segment_list_reach(connection, title.title_id)
    rungs = await ladder.rung_list(connection, title.title_id)
    ends_us = [reach[rung.name].until * 1_000_000 // rung.timescale for rung in rungs if rung.name in reach]
    announced_us = found.source.get("duration_us")
    # Containers count from their own beginning, and titles from the first picture.
    begins_us = int(max(Fraction(found.source.get("first_time", "0")), Fraction(0)) * 1_000_000)
    return warnings_of(
        announced_us=None if announced_us is None else announced_us - begins_us,
        reached_us=max(ends_us, default=0),
        is_source_damaged=bool(found.source.get("is_damaged")),
        parts=await ladder.chunk_list_damaged(connection, title.title_id),
    )


async def fail_task(connection: Connection, title: Title, task: Task, *, error: str, why: str, at: datetime) -> Changed:
    """End a task that can't be done, and so its title."""
    await tasks.task_fail(connection, task, error=error, at=at)
    return await title_failed(connection, title.title_id, why, at)


async def _check_playable(connection: Connection, title: Title, at: datetime) -> Changed:
    if title.playable_at is not None or not await ladder.segment_find_first(connection, title.title_id):
        return Changed()
    return await title_playable(connection, title.title_id, at)

"""How far the rungs of a title are: for the API, the page and the demo."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.titles import Title
from ninefold.systems.video.model.transcoding import (
    Ladder,
    LadderChunk,
    LadderRung,
    RungRow,
    Task,
    TaskNote,
    TaskStatus,
)
from ninefold.systems.video.rules.estimates import seconds_left
from ninefold.systems.video.service.titles import get_title
from ninefold.systems.video.store.ladder import Reach, chunk_list, rung_list, segment_list_reach
from ninefold.systems.video.store.tasks import task_list_of_chunks, task_list_speeds

NOTES_MAX: Final = 50

_LETTERS: Final = {
    TaskStatus.SUCCEEDED: "r",
    TaskStatus.RUNNING: "e",
    TaskStatus.RETRYING: "a",
    TaskStatus.QUEUED: "q",
    TaskStatus.FAILED: "f",
    TaskStatus.CANCELED: "f",
}


async def get_ladder(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> Ladder:
    """Return how far the rungs of a title are. Call it in a snapshot, so that its parts fit together.

    Raises:
        TitleNotFoundError: the organisation has no such title.
    """
    title = await get_title(connection, title_id, organisation_id=organisation_id)
    chunks = await chunk_list(connection, title_id)
    rows = await rung_list(connection, title_id)
    tasks = await task_list_of_chunks(connection, title_id)
    reach = await segment_list_reach(connection, title_id)
    speeds = await task_list_speeds(connection, title_id)
    rungs = [_rung(row, chunks, tasks, reach, title) for row in rows]
    ends = [chunk.start_s + chunk.duration_s for chunk in chunks]
    return Ladder(
        title_id=title_id,
        chunks=chunks,
        chunks_ready=_chunks_ready(rungs, len(chunks)),
        rungs=rungs,
        notes=_notes(tasks),
        uploaded_until_s=ends[-1] if ends else None,
        eta_s=_eta_s(title, rows, chunks, tasks, speeds),
        is_final=title.is_ended,
    )


def _rung(
    row: RungRow, chunks: Sequence[LadderChunk], tasks: Sequence[Task], reach: Mapping[str, Reach], title: Title
) -> LadderRung:
    reached = reach.get(row.name, Reach(0, 0))
    states = "".join(_states(row, chunks, tasks)) if row.kind == "video" else ""
    is_split = title.is_ended or title.uploaded_at is not None
    is_complete = is_split and bool(reached.segments) and set(states) <= {"r"}
    return LadderRung(
        name=row.name,
        kind=row.kind,
        position=row.position,
        width=row.width,
        height=row.height,
        bitrate_max=row.bitrate_max,
        bitrate_mean=row.bitrate_mean,
        codecs=row.codecs,
        vmaf=row.vmaf,
        segments_ready=reached.segments,
        ready_until_s=reached.until / row.timescale,
        is_complete=is_complete,
        states=states,
    )


def _states(row: RungRow, chunks: Sequence[LadderChunk], tasks: Sequence[Task]) -> list[str]:
    found = {task.chunk_number: _letter(task) for task in tasks if task.rung == row.name}
    return [found.get(chunk.number, "q") for chunk in chunks]


def _letter(task: Task) -> str:
    is_again = task.attempt_count > 0 and task.status is TaskStatus.QUEUED
    return "a" if is_again or (task.attempt_count > 1 and task.status is TaskStatus.RUNNING) else _LETTERS[task.status]


def _chunks_ready(rungs: Sequence[LadderRung], chunks: int) -> int:
    pictures = [rung.states for rung in rungs if rung.kind == "video"]
    if not pictures:
        return 0
    return sum(all(states[number] == "r" for states in pictures) for number in range(chunks))


def _notes(tasks: Sequence[Task]) -> list[TaskNote]:
    notes = [
        TaskNote(at=task.started_at, rung=task.rung, chunk_number=task.chunk_number, text=task.error.splitlines()[0])
        for task in tasks
        if task.error and task.started_at is not None
    ]
    return sorted(notes, key=lambda note: note.at)[-NOTES_MAX:]


def _eta_s(
    title: Title,
    rows: Sequence[RungRow],
    chunks: Sequence[LadderChunk],
    tasks: Sequence[Task],
    speeds: Mapping[str, float],
) -> float | None:
    if title.is_ended:
        return 0.0
    if title.duration_us is None:
        return None
    durations = {chunk.number: chunk.duration_s for chunk in chunks}
    done: dict[str, float] = {}
    for task in tasks:
        if task.status is TaskStatus.SUCCEEDED and task.rung is not None and task.chunk_number is not None:
            done[task.rung] = done.get(task.rung, 0.0) + durations.get(task.chunk_number, 0.0)
    duration_s = title.duration_us / 1_000_000
    pixels = {row.name: row.width * row.height for row in rows if row.width is not None and row.height is not None}
    left = {name: max(0.0, duration_s - done.get(name, 0.0)) for name in pixels}
    running = sum(task.status is TaskStatus.RUNNING for task in tasks)
    return seconds_left(left, pixels=pixels, speeds=speeds, at_once=max(running, 1))

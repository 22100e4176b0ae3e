"""Makes the pictures of a title from what was encoded: its poster, and small ones for the seek bar."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from ninefold.core.blobs.model import Blob
from ninefold.core.blobs.service import get_blob
from ninefold.core.system import WorkerContext
from ninefold.systems.video.jobs.files import put_bytes, put_file, working_folder
from ninefold.systems.video.media.ffmpeg import Ffmpeg, find_ffmpeg
from ninefold.systems.video.media.pictures import COLUMNS, make_poster, make_sheets, plan_sheets
from ninefold.systems.video.model.transcoding import RungRow, SegmentRow, SpriteSheet, Task
from ninefold.systems.video.service.sources import SourceEndedError
from ninefold.systems.video.service.titles import lock_title
from ninefold.systems.video.service.transcoding import finish_pictures
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.ladder import rung_list, segment_list

POSTER_PLACE: Final = 0.1
"""Where in a title its poster is looked for."""

POSTER_SEGMENTS: Final = 3
POSTER_OWNER: Final = "video.title"
SHEET_OWNER: Final = "video.sprite_sheet"
_JPEG: Final = "image/jpeg"


class PictureMaker:
    """Does the tasks of the kind `pictures`: with a chunk, only a first poster; without, all that there will be."""

    def __init__(self, context: WorkerContext[VideoSettings]) -> None:
        self._context = context

    async def make(self, task: Task) -> None:
        """Make the pictures of a title.

        Raises:
            FfmpegError: they can't be made.
            SourceEndedError: the title has ended.
        """
        ffmpeg = find_ffmpeg(self._context.settings.ffmpeg)
        async with self._context.database.connection() as connection:
            rungs = [rung for rung in await rung_list(connection, task.title_id) if rung.kind == "video"]
        if not rungs:
            raise SourceEndedError("The title is gone.")
        poster = await self._make_poster(task, ffmpeg, rungs)
        sheets = await self._make_sheets(task, ffmpeg, rungs[0]) if task.chunk_number is None else []
        async with self._context.database.transaction() as connection:
            title = await lock_title(connection, task.title_id)
            if title is None:
                raise SourceEndedError("The title has ended.")
            changed = await finish_pictures(
                connection, title, task, poster=poster, sheets=sheets, at=self._context.clock.now()
            )
        changed.notify(self._context.notifier)

    async def _make_poster(self, task: Task, ffmpeg: Ffmpeg, rungs: Sequence[RungRow]) -> Blob | None:
        # The highest quality that is there.
        for rung in reversed(rungs):
            segments = await self._segments_of(task, rung)
            if rung.init is not None and segments:
                break
        else:
            return None
        first = int(len(segments) * POSTER_PLACE)
        with working_folder() as folder:
            path = folder / "part.mp4"
            await self._write(task, rung, segments[first : first + POSTER_SEGMENTS], path)
            picture = await make_poster(ffmpeg, path)
        if picture is None:
            return None
        return await put_bytes(
            self._context,
            picture,
            organisation_id=task.organisation_id,
            owner=POSTER_OWNER,
            content_type=_JPEG,
        )

    async def _make_sheets(self, task: Task, ffmpeg: Ffmpeg, rung: RungRow) -> list[SpriteSheet]:
        segments = await self._segments_of(task, rung)
        assert rung.width is not None, "it has a picture"
        assert rung.height is not None, "it has a picture"
        end = segments[-1].start + segments[-1].duration
        plan = plan_sheets(duration_us=end * 1_000_000 // rung.timescale, width=rung.width, height=rung.height)
        sheets = []
        with working_folder() as folder:
            for sheet in await make_sheets(ffmpeg, self._content(task, rung, segments), plan, folder=folder):
                blob = await put_file(
                    self._context,
                    sheet.path,
                    organisation_id=task.organisation_id,
                    owner=SHEET_OWNER,
                    content_type=_JPEG,
                )
                sheets.append(
                    SpriteSheet(
                        title_id=task.title_id,
                        number=sheet.number,
                        blob_id=blob.blob_id,
                        start_us=sheet.start_us,
                        interval_us=plan.interval_us,
                        pictures=sheet.pictures,
                        columns=COLUMNS,
                        width=plan.width,
                        height=plan.height,
                    )
                )
        return sheets

    async def _segments_of(self, task: Task, rung: RungRow) -> list[SegmentRow]:
        async with self._context.database.connection() as connection:
            return await segment_list(connection, task.title_id, rung=rung.name)

    async def _write(self, task: Task, rung: RungRow, segments: Sequence[SegmentRow], path: Path) -> None:
        with path.open("wb") as file:
            async for piece in self._content(task, rung, segments):
                file.write(piece)

    async def _content(self, task: Task, rung: RungRow, segments: Sequence[SegmentRow]) -> AsyncIterator[bytes]:
        async for piece in read_segments(
            self._context, rung.init or b"", segments, organisation_id=task.organisation_id
        ):
            yield piece


async def read_segments(
    context: WorkerContext[VideoSettings], init: bytes, segments: Sequence[SegmentRow], *, organisation_id: UUID
) -> AsyncIterator[bytes]:
    """Yield a part of a rung as a player gets it."""
    yield init
    blob: Blob | None = None
    for segment in segments:
        if blob is None or blob.blob_id != segment.blob_id:
            async with context.database.connection() as connection:
                blob = await get_blob(connection, segment.blob_id, organisation_id=organisation_id)
        end = segment.first_byte + segment.size_bytes
        async for piece in context.blobs.read(blob, start=segment.first_byte, end=end):
            yield piece

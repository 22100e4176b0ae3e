"""Compares chunks of a title to their source, so that people see how good each rung is."""

from ninefold.core.system import WorkerContext
from ninefold.systems.video.jobs.encoding import order_of, read_chunk, save_pieces
from ninefold.systems.video.jobs.files import working_folder
from ninefold.systems.video.jobs.picturing import read_segments
from ninefold.systems.video.media.ffmpeg import find_ffmpeg
from ninefold.systems.video.media.score import score_chunk
from ninefold.systems.video.model.transcoding import Task
from ninefold.systems.video.service.transcoding import finish_score
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.ladder import chunk_find, segment_list


class Scorer:
    """Does the tasks of the kind `score`."""

    def __init__(self, context: WorkerContext[VideoSettings]) -> None:
        self._context = context

    async def score(self, task: Task) -> None:
        """Compare one chunk of one rung.

        Raises:
            FfmpegError: it can't be compared.
            SourceEndedError: it isn't there any more.
        """
        context = self._context
        ffmpeg = find_ffmpeg(context.settings.ffmpeg)
        async with context.database.connection() as connection:
            title, chunk, rung = await read_chunk(connection, task)
            following = await chunk_find(connection, task.title_id, chunk.number + 1) if chunk.needs_next else None
            segments = await segment_list(connection, task.title_id, rung=rung.name)
        # The pictures of a damaged chunk aren't those of the source, one by one.
        score = None
        if not chunk.is_damaged:
            numbers = range(chunk.first_segment, chunk.first_segment + len(chunk.starts))
            chosen = [segment for segment in segments if segment.number in numbers]
            with working_folder() as folder:
                pieces = await save_pieces(
                    context, chunk, following, organisation_id=task.organisation_id, folder=folder
                )
                path = folder / "encoded.mp4"
                with path.open("wb") as file:
                    async for piece in read_segments(
                        context, rung.init or b"", chosen, organisation_id=task.organisation_id
                    ):
                        file.write(piece)
                score = await score_chunk(ffmpeg, order_of(task, title, chunk, rung, pieces), path, folder=folder)
        async with context.database.transaction() as connection:
            changed = await finish_score(connection, title, task, score=score, at=context.clock.now())
        changed.notify(context.notifier)

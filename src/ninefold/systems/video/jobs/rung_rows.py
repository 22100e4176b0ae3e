"""The rows of rungs as they are when a source begins to be split."""

from ninefold.systems.video.model.transcoding import RungRow, Task
from ninefold.systems.video.rules.ladder import AUDIO_BITRATE, AUDIO_RUNG, AUDIO_TIMESCALE, TIMESCALE, Rung


def video_row(task: Task, rung: Rung, frame_rate: float | None) -> RungRow:
    """Return a rung with a picture of which nothing is encoded yet."""
    return RungRow(
        title_id=task.title_id,
        name=rung.name,
        kind="video",
        position=rung.position,
        width=rung.width,
        height=rung.height,
        level=rung.level,
        bitrate_max=rung.bitrate_max,
        bitrate_mean=None,
        codecs=None,
        frame_rate=frame_rate,
        timescale=TIMESCALE,
        init=None,
        vmaf=None,
    )


def audio_row(task: Task) -> RungRow:
    """Return the sound of which nothing is encoded yet."""
    return RungRow(
        title_id=task.title_id,
        name=AUDIO_RUNG,
        kind="audio",
        position=0,
        width=None,
        height=None,
        level=None,
        bitrate_max=AUDIO_BITRATE,
        bitrate_mean=None,
        codecs=None,
        frame_rate=None,
        timescale=AUDIO_TIMESCALE,
        init=None,
        vmaf=None,
    )

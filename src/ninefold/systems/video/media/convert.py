"""Makes a source that can be split of one whose packets can't be copied as they are.

Some packets have no times, such as those of H.264 in AVI, or only a part of a group of pictures is to be shown. Then
the picture is encoded again, nearly without loss and with a keyframe every four seconds, and what comes of that is
split.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from ninefold.systems.video.media.ffmpeg import QUIET, Ffmpeg, chunks_of, running
from ninefold.systems.video.media.probe import Probe
from ninefold.systems.video.media.sources import SourceInput
from ninefold.systems.video.media.tasks import stop
from ninefold.systems.video.rules.cutting import CHUNK_S

_FROM_ZERO: Final = ("-vf", "setpts=PTS-STARTPTS")
"""For AVI. Decoders give its pictures the times at which their packets are stored, some pictures later than the
sound. Times that are made up for its packets wouldn't be those of its pictures, and some would be there twice."""

_ARGUMENTS: Final = (
    *("-map", "0:V:0", "-map", "0:a:0?", "-fps_mode", "vfr", "-enc_time_base:v", "1/90000"),
    *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-bf", "0", "-g", "100000"),
    *("-force_key_frames", f"expr:gte(t,n_forced*{CHUNK_S})", "-c:a", "pcm_s16le", "-f", "nut"),
)


_REORDERED: Final = frozenset({"h264", "hevc"})


def needs_conversion(probe: Probe) -> bool:
    """Return whether a source has to be converted. Of others, splitting shows it: it fails at once."""
    # AVI has no times, and these codecs store pictures in another order than they are shown.
    return probe.container == "avi" and probe.video.codec in _REORDERED


class ConvertedInput(SourceInput):
    """A source that is encoded again while it is read.

    Args:
        ffmpeg: the program.
        source: what it is made of.
        has_times: whether its packets have times that say when pictures are shown.
    """

    def __init__(self, ffmpeg: Ffmpeg, source: SourceInput, *, has_times: bool) -> None:
        super().__init__(source.source)
        self._ffmpeg: Final = ffmpeg
        self._original: Final = source
        self._has_times: Final = has_times

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes of what comes of the source.

        Raises:
            FfmpegError: ffmpeg has failed.
        """

        def make_arguments(pipes: Sequence[str]) -> Sequence[str]:
            if self._has_times:
                return [*QUIET, *self._original.arguments, *_ARGUMENTS, pipes[0]]
            return [*QUIET, *self._original.arguments_with_its_times, *_FROM_ZERO, *_ARGUMENTS, pipes[0]]

        async with running(self._ffmpeg, make_arguments, pipes=1, is_fed=self._original.is_fed) as program:
            feeding = asyncio.create_task(program.feed(self._original.chunks()))
            try:
                async for chunk in chunks_of(program.outputs[0]):
                    yield chunk
            finally:
                await stop(feeding)
            await program.check()
            self.is_damaged = self.is_damaged or program.has_found_damage

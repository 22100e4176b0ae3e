"""Where a title is cut: into chunks at keyframes of the source, and each chunk into segments.

The lowest rung of the first chunk is encoded while its source still arrives, before anybody can know where the chunk
will end. So where a segment begins follows only from what is before it, and from whether the chunk ends soon after.
"""

from collections.abc import Sequence
from typing import Final

from ninefold.systems.video.rules.ladder import TIMESCALE

CHUNK_S: Final = 4.0
"""A chunk ends at the first keyframe after each multiple of this."""

CHUNK_S_MIN: Final = 2.0

FIRST_SEGMENT_S: Final = 1.0
"""The first segment of a title is shorter, so that it can be played earlier."""

SEGMENT_S: Final = 2.0
LAST_SEGMENT_S_MIN: Final = 1.0
"""A segment that would be shorter, because its chunk ends, belongs to the one before it."""

TOLERANCE_S: Final = 0.0005
"""Times of pictures are rounded on their way through ffmpeg; no two pictures are as close as that."""

_TOLERANCE: Final = round(TOLERANCE_S * TIMESCALE)


def segment_starts(times: Sequence[int], *, end: int, is_first: bool) -> list[int]:
    """Return where the segments of a chunk begin.

    Args:
        times: when the pictures of the chunk are shown, in ticks and in order; at least one.
        end: where the next chunk begins.
        is_first: whether it is the first chunk of the title.
    """
    starts = [times[0]]
    for time in times:
        if time - starts[-1] >= _length(len(starts), is_first=is_first) - _TOLERANCE and (
            end - time >= LAST_SEGMENT_S_MIN * TIMESCALE
        ):
            starts.append(time)
    return starts


def _length(number: int, *, is_first: bool) -> float:
    return TIMESCALE * (FIRST_SEGMENT_S if is_first and number == 1 else SEGMENT_S)


def keyframe_expression() -> str:
    """Return the same rule as an expression of ffmpeg, for a first chunk whose end isn't known."""
    first, later = FIRST_SEGMENT_S - TOLERANCE_S, SEGMENT_S - TOLERANCE_S
    return f"if(n_forced,gte(t-prev_forced_t,if(eq(n_forced,1),{first},{later})),1)"


class ChunkCutter:
    """Says which keyframes begin a chunk: the rule of ffmpeg's muxer `segment`, with the same figures."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._count = 0

    def begins_chunk(self, time_s: float) -> bool:
        """Return whether the keyframe at this time begins one; call it for each keyframe in order."""
        if self._start_s is None:
            self._start_s = time_s
            return True
        if time_s < CHUNK_S * (self._count + 1) or time_s < self._start_s + CHUNK_S_MIN:
            return False
        self._start_s = time_s
        self._count += 1
        return True

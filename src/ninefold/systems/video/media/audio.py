"""Puts the frames of the sound into segments, as the encoder writes them."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ninefold.systems.video.packaging.fragments import Sample, write_segment
from ninefold.systems.video.rules.cutting import FIRST_SEGMENT_S, SEGMENT_S
from ninefold.systems.video.rules.ladder import AUDIO_TIMESCALE

FRAME_SAMPLES: Final = 1_024
"""Of AAC."""

PRIMING_FRAMES: Final = 1
"""What the encoder writes before the sound begins. A decoder can start without it."""


class WrittenSegment(NamedTuple):
    """A segment, in ticks from the beginning of the title."""

    number: int
    start: int
    end: int
    data: bytes


class AudioSegmenter:
    """Takes frames in order; the first segment is shorter, as that of the picture."""

    def __init__(self) -> None:
        self._to_drop = PRIMING_FRAMES
        self._frames: list[Sample] = []
        self._number = 0
        self._start = 0
        """Of the segment that is being collected, in frames."""

    def add(self, samples: Sequence[Sample]) -> Iterator[WrittenSegment]:
        """Yield the segments that are complete with these frames."""
        dropped = min(self._to_drop, len(samples))
        self._to_drop -= dropped
        self._frames += samples[dropped:]
        while len(self._frames) >= (length := _end(self._number) - self._start):
            yield self._cut(length)

    def finish(self) -> Iterator[WrittenSegment]:
        """Yield the last segment, which is shorter."""
        if self._frames:
            yield self._cut(len(self._frames))

    def _cut(self, length: int) -> WrittenSegment:
        start, end = self._start * FRAME_SAMPLES, (self._start + length) * FRAME_SAMPLES
        samples = [
            Sample(time=start + position * FRAME_SAMPLES, duration=FRAME_SAMPLES, is_key=True, data=frame.data)
            for position, frame in enumerate(self._frames[:length])
        ]
        data = write_segment(self._number, samples, start=start, end=end)
        segment = WrittenSegment(self._number, start, end, data)
        del self._frames[:length]
        self._number += 1
        self._start += length
        return segment


def _end(number: int) -> int:
    """Return how many frames end before the segment after this one begins."""
    return math.ceil((FIRST_SEGMENT_S + number * SEGMENT_S) * AUDIO_TIMESCALE / FRAME_SAMPLES)

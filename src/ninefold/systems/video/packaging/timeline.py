"""The timeline of a title: which segment of which rung is played when.

While the ladder grows, a rung can lag behind the others. A player that has chosen it must never wait for it. So the
timeline of each rung reaches as far as that of the lowest one, and where its own segment isn't there yet, it has that
of the best rung below it. That works because the segments of all rungs have the same boundaries.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

_TICKS_TOLERATED_S: Final = 0.002
"""Segments that are closer than this follow each other."""


class Segment(msgspec.Struct, frozen=True):
    """What a player loads at once."""

    number: int
    start: int
    """In ticks of its track, as `duration`."""
    duration: int
    size_bytes: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + self.duration


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A rung, with the segments that are there."""

    rung: str
    timescale: int
    """Ticks a second."""
    codecs: str
    bandwidth: int
    """Bits a second, at most."""
    bandwidth_mean: int | None
    width: int | None
    """None for sound, as `height`."""
    height: int | None
    frame_rate: float | None
    segments: Sequence[Segment]
    """In the order of their numbers; some can be absent."""

    @property
    def duration_s(self) -> float:
        """How far it reaches without a gap."""
        ready = until_gap(self)
        return ready[-1].end / self.timescale if ready else 0.0


class Subtitles(msgspec.Struct, frozen=True, kw_only=True):
    """Text for a language."""

    language: str
    label: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Small pictures for the seek bar, in rows on one larger picture."""

    number: int
    start_us: int
    interval_us: int
    pictures: int
    columns: int
    width: int
    height: int


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the manifests of a title need."""

    video: Sequence[Track]
    """From the lowest quality to the highest; at least one, whose first segment is there."""
    audio: Track | None
    is_final: bool
    """Whether nothing will be added."""
    duration_s: float | None
    """Of the whole title, if that is known."""
    subtitles: Sequence[Subtitles] = ()
    sheets: Sequence[Sheet] = ()

    @property
    def lowest(self) -> Track:
        """The rung that comes first, and decides how far one can play."""
        return self.video[0]

    @property
    def ready_until_s(self) -> float:
        """How far one can play, with sound."""
        audio = [] if self.audio is None else [self.audio.duration_s]
        return min([self.lowest.duration_s, *audio])


class Entry(msgspec.Struct, frozen=True):
    """A place of a timeline."""

    track: Track
    """Whose segment is played there."""
    segment: Segment

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.segment.duration / self.track.timescale


def until_gap(track: Track) -> Sequence[Segment]:
    """Return the segments of a track from its beginning to the first one that is absent."""
    tolerance = track.timescale * _TICKS_TOLERATED_S
    for index, segment in enumerate(track.segments):
        previous = track.segments[index - 1] if index else None
        expected = 0 if previous is None else previous.end
        # Sound can begin later than the picture, and the picture later than the sound.
        if segment.number != index or (previous is not None and abs(segment.start - expected) > tolerance):
            return track.segments[:index]
    return track.segments


def entries_of(presentation: Presentation, track: Track) -> list[Entry]:
    """Return what a player of this track plays: its own segments, and those of lower rungs in their place."""
    if track is presentation.audio:
        return [Entry(track, segment) for segment in until_gap(track)]
    from_best = list(_not_above(presentation, track))
    numbered = [(each, {segment.number: segment for segment in each.segments}) for each in from_best]
    return [_best_entry(numbered, segment) for segment in until_gap(presentation.lowest)]


def is_whole(presentation: Presentation, track: Track) -> bool:
    """Return whether a track has all that the lowest one has, without help."""
    return len(until_gap(track)) >= len(until_gap(presentation.lowest))


def _not_above(presentation: Presentation, track: Track) -> Iterator[Track]:
    position = list(presentation.video).index(track)
    return reversed(presentation.video[: position + 1])


def _best_entry(from_best: Sequence[tuple[Track, dict[int, Segment]]], lowest: Segment) -> Entry:
    for track, segments in from_best:
        segment = segments.get(lowest.number)
        if segment is not None:
            return Entry(track, segment)
    raise AssertionError("the lowest track has each segment")

"""The demo's own reader of segments: what it finds, and what it refuses."""

import struct

import pytest

from ninefold.edge.demo.video.boxes import (
    BrokenSegmentError,
    Fragment,
    read_default_duration,
    read_fragment,
    read_timescale,
)


def box(name: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", len(body) + 8, name) + body


def full(name: bytes, flags: int, *contents: bytes, version: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *contents)


def moof(start: int, *durations: int) -> bytes:
    times = full(b"tfdt", 0, struct.pack(">Q", start), version=1)
    run = full(b"trun", 0x301, struct.pack(">II", len(durations), 0), *[struct.pack(">II", d, 9) for d in durations])
    return box(b"moof", box(b"traf", full(b"tfhd", 0, bytes(4)), times, run)) + box(b"mdat", bytes(9))


def test_a_segment_says_where_it_is_and_how_long() -> None:
    segment = box(b"styp", bytes(8)) + moof(9_000, 3_600, 3_600) + moof(16_200, 1_800)

    assert read_fragment(segment, default_duration=0) == Fragment(start=9_000, duration=9_000, samples=3)


def test_samples_without_a_duration_have_the_default_one() -> None:
    run = full(b"trun", 0x01, struct.pack(">II", 4, 0))
    own = full(b"tfhd", 0x08, bytes(4), struct.pack(">I", 1_000))
    times = full(b"tfdt", 0, bytes(4))

    of_track = box(b"moof", box(b"traf", full(b"tfhd", 0, bytes(4)), times, run))
    of_fragment = box(b"moof", box(b"traf", own, times, run))

    assert read_fragment(of_track, default_duration=1_024).duration == 4_096
    assert read_fragment(of_fragment, default_duration=1_024).duration == 4_000


def test_an_init_segment_says_the_ticks_a_second() -> None:
    times = full(b"mdhd", 0, bytes(8), struct.pack(">I", 90_000), bytes(8))
    defaults = full(b"trex", 0, struct.pack(">III", 1, 1, 1_024), bytes(8))
    init = box(b"moov", box(b"trak", box(b"mdia", times)), box(b"mvex", defaults))

    assert read_timescale(init) == 90_000
    assert read_default_duration(init) == 1_024


@pytest.mark.parametrize(
    "segment",
    [b"", b"no boxes here", moof(0, 10)[:-20][:30], moof(0, 10) + moof(11, 10), box(b"mdat", bytes(4))],
)
def test_what_isnt_whole_is_refused(segment: bytes) -> None:
    with pytest.raises(BrokenSegmentError):
        read_fragment(segment, default_duration=0)

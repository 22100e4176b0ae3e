"""Boxes, fragments and initialization segments: what is written is read again, and garbage is refused."""

import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.video.packaging.boxes import Box, BoxError, boxes_in, find_box, read_boxes, write_box
from ninefold.systems.video.packaging.fragments import Sample, SampleDefaults, read_fragment, write_segment
from ninefold.systems.video.packaging.inits import read_init

DEFAULTS = SampleDefaults(duration=10, size=3, flags=0)


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=50))), st.integers(1, 30))
async def test_boxes_are_read_from_pieces_of_any_size(boxes: list[tuple[bytes, bytes]], size: int) -> None:
    content = b"".join(write_box(kind, payload) for kind, payload in boxes)
    assert [box async for box in read_boxes(pieces(content, size), size_max=100)] == [Box(*box) for box in boxes]
    assert list(boxes_in(content)) == [Box(*box) for box in boxes]


async def test_a_box_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(BoxError, match="has 1,000 bytes"):
        _ = [box async for box in read_boxes(pieces(struct.pack(">I4s", 1_000, b"mdat"), 8), size_max=999)]


@given(st.binary(max_size=400))
async def test_garbage_is_read_or_refused(content: bytes) -> None:
    for read in (
        lambda: list(boxes_in(content)),
        lambda: find_box(content, b"moov", b"trak"),
        lambda: read_fragment(content, content, DEFAULTS),
        lambda: read_init(content),
    ):
        with suppress(BoxError):
            read()
    with suppress(BoxError):
        _ = [box async for box in read_boxes(pieces(content, 7), size_max=300)]


@given(st.data())
def test_a_damaged_fragment_is_read_or_refused(data: st.DataObject) -> None:
    samples = [Sample(time=time, duration=1, is_key=time == 0, data=b"abc") for time in (0, 3, 1, 2)]
    content = bytearray(write_segment(1, samples, start=0, end=4))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BoxError, ValueError):
        moof, mdat = (box.payload for box in boxes_in(bytes(content)))
        read_fragment(moof, mdat, DEFAULTS)


def read(segment: bytes) -> list[Sample]:
    moof, mdat = boxes_in(segment)
    return read_fragment(moof.payload, mdat.payload, DEFAULTS)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=40, unique=True))
def test_a_segment_lasts_exactly_from_its_start_to_its_end(times: list[int]) -> None:
    samples = [Sample(time=time, duration=0, is_key=not at, data=bytes([at])) for at, time in enumerate(times)]
    start, end = min(times), max(times) + 7
    found = read(write_segment(3, samples, start=start, end=end))
    assert [(each.time, each.is_key, each.data) for each in found] == [
        (each.time, each.is_key, each.data) for each in samples
    ]
    assert sum(each.duration for each in found) == end - start


def test_samples_outside_of_their_segment_are_refused() -> None:
    samples: Sequence[Sample] = [Sample(time=time, duration=1, is_key=True, data=b"a") for time in (10, 20)]
    with pytest.raises(BoxError, match="within"):
        write_segment(1, samples, start=0, end=15)

"""Byte ranges of requests, as RFC 9110 §14 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.blobs.ranges import ByteRange, UnsatisfiableRangeError, parse_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-499", ByteRange(0, 500)),
        ("bytes=500-", ByteRange(500, 1_000)),
        ("bytes=500-9999", ByteRange(500, 1_000)),
        ("bytes=-500", ByteRange(500, 1_000)),
        ("bytes=-9999", ByteRange(0, 1_000)),
        ("Bytes= 1-2 ", ByteRange(1, 3)),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=0-9999999999999999999", None),
    ],
)
def test_one_range_is_understood_and_everything_else_means_the_whole(
    header: str | None, part: ByteRange | None
) -> None:
    assert parse_range(header, size=1_000) == part


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1000", "bytes=-0"])
def test_a_range_without_a_byte_is_not_satisfiable(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, size=1_000)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5", "bytes=0-0"])
def test_nothing_has_no_ranges(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, size=0)


@given(text=st.text(alphabet="bytes=-0123456789, ", max_size=30), size=st.integers(0, 100))
def test_a_range_is_never_empty_or_outside(text: str, size: int) -> None:
    try:
        part = parse_range(text, size=size)
    except UnsatisfiableRangeError:
        return
    assert part is None or 0 <= part.start < part.end <= size

import re

from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.workflows.execution.lines import LinePart, LineReader


def read(pieces: list[bytes], *, length_max: int = 1_000) -> list[LinePart]:
    reader = LineReader(length_max=length_max)
    return [*[part for piece in pieces for part in reader.feed(piece)], *reader.finish()]


def lines_of(content: bytes) -> list[str]:
    lines = re.split("\r\n|\n|\r", content.decode(errors="replace"))
    return lines[:-1] if not lines[-1] else lines


@given(pieces=st.lists(st.binary(max_size=6) | st.sampled_from([b"\r", b"\n", "é€".encode(), b"\xe2\x82"])))
def test_lines_are_the_same_for_any_pieces(pieces: list[bytes]) -> None:
    assert [part.text for part in read(pieces)] == lines_of(b"".join(pieces))


@given(content=st.text("ab\n\r", max_size=40), length_max=st.integers(1, 5))
def test_parts_of_a_long_line_are_that_line(content: str, length_max: int) -> None:
    lines, current = [], ""
    for part in read([content.encode()], length_max=length_max):
        assert len(part.text) <= length_max
        current += part.text
        if part.is_last:
            lines.append(current)
            current = ""
    assert lines == lines_of(content.encode())


def test_a_last_line_without_an_end_is_a_line() -> None:
    assert read([b"one\ntwo"]) == [
        LinePart("one", is_first=True, is_last=True),
        LinePart("two", is_first=True, is_last=True),
    ]


def test_a_line_is_complete_with_its_return_before_the_line_feed_comes() -> None:
    reader = LineReader()
    assert [part.text for part in reader.feed(b"50 %\r")] == ["50 %"]
    assert [part.text for part in reader.feed(b"\n100 %\n")] == ["100 %"]


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert [part.text for part in read([b"caf\xe9\x00\n"])] == ["caf\N{REPLACEMENT CHARACTER}\x00"]

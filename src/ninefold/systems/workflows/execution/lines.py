"""Lines of what a process writes, from pieces of bytes as they are read."""

import codecs
import re
from collections.abc import Iterator
from typing import Final

import msgspec

LINE_LENGTH_MAX: Final = 1024 * 1024
"""Characters of a line that are kept together; a longer one comes in several parts."""

_END_OF_LINE: Final = re.compile(r"\r\n|\n|\r")


class LinePart(msgspec.Struct, frozen=True):
    """A line without its end, or a part of a line that is too long to be kept together."""

    text: str
    is_first: bool
    is_last: bool

    @property
    def is_whole(self) -> bool:
        """Whether this is all of a line."""
        return self.is_first and self.is_last


class LineReader:
    r"""Turns pieces of bytes into lines.

    A line ends with `\n`, `\r\n` or `\r`, as in .NET, so that each state of a progress bar is a line. Bytes that aren't
    UTF-8 become U+FFFD.
    """

    def __init__(self, *, length_max: int = LINE_LENGTH_MAX) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._length_max = length_max
        self._pieces: list[str] = []
        self._length = 0
        self._is_first = True
        self._after_return = False

    def feed(self, piece: bytes) -> Iterator[LinePart]:
        """Take the next piece; yield what is complete."""
        yield from self._split(self._decoder.decode(piece))

    def finish(self) -> Iterator[LinePart]:
        """Yield the last line if it has no end."""
        yield from self._split(self._decoder.decode(b"", final=True))
        if self._length or not self._is_first:
            yield self._part(is_last=True)

    def _split(self, text: str) -> Iterator[LinePart]:
        if not text:
            return
        start = 1 if self._after_return and text[0] == "\n" else 0
        self._after_return = text[-1] == "\r"
        for match in _END_OF_LINE.finditer(text, start):
            yield from self._append(text[start : match.start()])
            yield self._part(is_last=True)
            start = match.end()
        yield from self._append(text[start:])

    def _append(self, text: str) -> Iterator[LinePart]:
        while self._length + len(text) > self._length_max:
            room = self._length_max - self._length
            self._keep(text[:room])
            text = text[room:]
            yield self._part(is_last=False)
        self._keep(text)

    def _keep(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def _part(self, *, is_last: bool) -> LinePart:
        part = LinePart("".join(self._pieces), self._is_first, is_last)
        self._pieces = []
        self._length = 0
        self._is_first = is_last
        return part

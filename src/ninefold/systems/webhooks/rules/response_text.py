"""Turns the body of a receiver's response into text for people. The stored bytes stay as they were received.

The response's headers aren't stored, so the content is recognised by its bytes: gzip and zlib by their first bytes,
UTF-8 and UTF-16 by their form, and any other text is read as Windows-1252, which contains Latin-1.
"""

import codecs
import re
import zlib
from collections.abc import Callable
from typing import Final

import msgspec

_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_ZLIB_MAGICS: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_DETECT_HEADER: Final = zlib.MAX_WBITS | 32
"""Lets zlib detect whether the header is that of gzip or of zlib."""

_UTF_16_BOMS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Control characters that text doesn't contain. Others are spaces, line breaks, and the escape of terminal colours."""


class ResponseText(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a response body, and whether it is only its beginning."""

    text: str
    is_truncated: bool


def read_response_text(body: bytes, *, is_truncated: bool, bytes_max: int) -> ResponseText:
    """Decompress and decode a response body.

    Args:
        body: the bytes as they were received, or their beginning.
        is_truncated: whether it is only their beginning.
        bytes_max: the size to which a compressed body is decompressed at most; the rest is cut off.
    """
    if (text := _decode_unicode(body, is_truncated=is_truncated)) is not None:
        return ResponseText(text=text, is_truncated=is_truncated)
    if body.startswith((_GZIP_MAGIC, *_ZLIB_MAGICS)):
        content, is_complete = _decompress(body, bytes_max=bytes_max)
        if content or is_complete:
            is_truncated = is_truncated or not is_complete
            text = _decode(content, is_truncated=is_truncated)
            return ResponseText(text=text, is_truncated=is_truncated)
    return ResponseText(text=_decode(body, is_truncated=is_truncated), is_truncated=is_truncated)


def _decompress(body: bytes, *, bytes_max: int) -> tuple[bytes, bool]:
    """Return the content, or its beginning, and whether it is complete. The content of other data is empty."""
    decompressor = zlib.decompressobj(_DETECT_HEADER)
    try:
        content = decompressor.decompress(body, bytes_max)
    except zlib.error:
        return b"", False
    return content, decompressor.eof


def _decode(content: bytes, *, is_truncated: bool) -> str:
    text = _decode_unicode(content, is_truncated=is_truncated)
    if text is not None:
        return text
    if _CONTROL.search(content):
        # It isn't text. What is readable in it is shown.
        return content.decode("utf-8", errors="replace")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        # Windows-1252 leaves five bytes undefined; Latin-1 has a character for every byte.
        return content.decode("latin-1")


def _decode_unicode(content: bytes, *, is_truncated: bool) -> str | None:
    """Return the text if it is UTF-8, or UTF-16 with a byte order mark. A character that was cut is left out."""
    encoding = "utf-16" if content.startswith(_UTF_16_BOMS) else "utf-8-sig"
    make_decoder: Callable[[], codecs.IncrementalDecoder] = codecs.getincrementaldecoder(encoding)
    try:
        return make_decoder().decode(content, final=not is_truncated)
    except UnicodeDecodeError:
        return None

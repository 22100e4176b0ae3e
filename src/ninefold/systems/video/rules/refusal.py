"""Recognises by its first bytes what certainly isn't video. ffmpeg decides about the rest."""

from typing import Final

TEXT_LOOKED_AT_MIN: Final = 64
"""Fewer bytes than these aren't taken for text."""

LOOKED_AT_MAX: Final = 4_096

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"8BPS", "a Photoshop image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "a database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
)

_VIDEO_THAT_BEGINS_WITH_TEXT: Final = (b"YUV4MPEG2 ",)

_CONTROLS_IN_TEXT: Final = frozenset(b"\t\n\r\f\x1b")
_SPACE: Final = 0x20
_DELETE: Final = 0x7F


def what_isnt_video(head: bytes) -> str | None:
    """Return what a file is whose first bytes are these, such as "a PDF document"; None if it can be video."""
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return what
    if head.startswith(_VIDEO_THAT_BEGINS_WITH_TEXT):
        return None
    return "text" if _is_text(head[:LOOKED_AT_MAX]) else None


def _is_text(head: bytes) -> bool:
    if len(head) < TEXT_LOOKED_AT_MIN:
        return False
    if any((byte < _SPACE and byte not in _CONTROLS_IN_TEXT) or byte == _DELETE for byte in head):
        return False
    try:
        # The last character can be cut.
        head[:-4].decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 8
    return True

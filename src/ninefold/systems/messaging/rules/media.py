"""What an uploaded file is: its media type, and the size of an image, from its first bytes.

Nobody can trust what an uploader says. A file counts as an image if its first bytes are those of one. Everything else
is what its uploader or its name says, and browsers don't run it.
"""

import mimetypes
import re
from typing import Final, NamedTuple

HEAD_BYTES: Final = 256 * 1024
"""How much of a file is looked at. In a JPEG, the size comes after the thumbnail that a camera has written."""

UNKNOWN: Final = "application/octet-stream"

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_SHOWN_IN_BROWSERS: Final = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "video/mp4",
        "video/webm",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
        "audio/wav",
        "audio/webm",
        "application/pdf",
    }
)
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


class Image(NamedTuple):
    """What an image is, and its size in pixels."""

    media_type: str
    width: int
    height: int


def media_type_of(name: str, *, declared: str, image: Image | None) -> str:
    """Return the media type of a file.

    Args:
        name: the name of the file.
        declared: what its uploader says, such as a Content-Type header; can be empty.
        image: what its first bytes say.
    """
    if image is not None:
        return image.media_type
    said = declared.partition(";")[0].strip().lower()
    if said in ("", UNKNOWN) or _MEDIA_TYPE.fullmatch(said) is None:
        said = mimetypes.guess_type(name)[0] or UNKNOWN
    # It says that it is an image, and isn't.
    return UNKNOWN if said in _IMAGES else said


def is_shown_in_browsers(media_type: str) -> bool:
    """Return whether a browser can show a file of this type by itself without running anything of it."""
    return media_type in _SHOWN_IN_BROWSERS


def read_image(head: bytes) -> Image | None:
    """Return what an image is from its first bytes; None if it is no PNG, JPEG, GIF or WebP, or has no size."""
    image = _read_png(head) or _read_gif(head) or _read_webp(head) or _read_jpeg(head)
    return image if image is not None and image.width > 0 and image.height > 0 else None


def _read_png(head: bytes) -> Image | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR" or len(head) < 24:  # noqa: PLR2004
        return None
    return Image("image/png", _big(head[16:20]), _big(head[20:24]))


def _read_gif(head: bytes) -> Image | None:
    if head[:6] not in (b"GIF87a", b"GIF89a") or len(head) < 10:  # noqa: PLR2004
        return None
    return Image("image/gif", _little(head[6:8]), _little(head[8:10]))


def _read_webp(head: bytes) -> Image | None:
    """Read the size of each of the three forms of WebP (RFC 9649 §2)."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:  # noqa: PLR2004
        return None
    form = head[12:16]
    if form == b"VP8X":
        return Image("image/webp", _little(head[24:27]) + 1, _little(head[27:30]) + 1)
    if form == b"VP8L":
        bits = _little(head[21:25])
        return Image("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if form == b"VP8 ":
        return Image("image/webp", _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF)
    return None


def _read_jpeg(head: bytes) -> Image | None:
    """Go from segment to segment up to the one with the size (ITU T.81 §B.2.2)."""
    if not head.startswith(b"\xff\xd8\xff"):
        return None
    position = 2
    while position + 9 <= len(head) and head[position] == 0xFF:  # noqa: PLR2004
        marker = head[position + 1]
        if marker in _JPEG_FRAMES:
            return Image("image/jpeg", _big(head[position + 7 : position + 9]), _big(head[position + 5 : position + 7]))
        if marker == 0xFF:  # noqa: PLR2004 - a byte that fills.
            position += 1
        elif marker in _JPEG_ALONE:
            position += 2
        else:
            position += 2 + _big(head[position + 2 : position + 4])
    return None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")

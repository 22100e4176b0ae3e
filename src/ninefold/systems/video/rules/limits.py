"""The limits of what people say about titles."""

from typing import Final

NAME_LENGTH_MAX: Final = 200
DESCRIPTION_LENGTH_MAX: Final = 5_000
TAGS_MAX: Final = 20
TAG_LENGTH_MAX: Final = 50
MATURITIES: Final = (0, 6, 12, 16, 18)
"""The ages from which a title can be for."""

METADATA_LENGTH_MAX: Final = 8_192
"""Bytes of an upload's metadata: what a header can have."""

SUBTITLE_BYTES_MAX: Final = 2 * 1024 * 1024
"""A film's subtitles have about 100 kB."""

SUBTITLES_MAX: Final = 50
"""Languages of a title."""

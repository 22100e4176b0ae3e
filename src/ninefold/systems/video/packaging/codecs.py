"""What the codecs of a rung will be called before its first segment is encoded."""

from typing import Final

_LEVELS: Final = ((480, "1f"), (760, "20"), (1_100, "2a"))
"""Up to this height, with up to 60 frames a second, level 3.1, 3.2 or 4.2 is enough (H.264, table A-1)."""

_LEVEL_MAX: Final = "34"

AAC_CODECS: Final = "mp4a.40.2"


def expected_codecs(height: int | None) -> str:
    """Return the codecs of a rung of this height; those of sound without a height (RFC 6381).

    A player only asks whether it can play that at all, so that a higher level than needed does no harm.
    """
    if height is None:
        return AAC_CODECS
    return "avc1.6400" + next((level for limit, level in _LEVELS if height <= limit), _LEVEL_MAX)

"""What the codecs of a rung will be called before its first segment is encoded."""

from typing import Final

AAC_CODECS: Final = "mp4a.40.2"


def expected_codecs(level: str | None) -> str:
    """Return the codecs of a rung (RFC 6381): H.264 High of a level such as 3.1, or sound without one."""
    if level is None:
        return AAC_CODECS
    return f"avc1.6400{round(float(level) * 10):02x}"

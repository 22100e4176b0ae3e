"""Says in plain words what ffmpeg has said about a failure. The lines themselves stay in the log and in the ladder."""

import re
from typing import Final

UNKNOWN: Final = "the log of the worker and the title's ladder say more"

_NOTHING_DECODED: Final = "none of its pictures can be decoded, as it is encrypted or damaged"

_REASONS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"moov atom not found", "the file's index is missing: it was cut off, or recording ended abruptly"),
        (r"no decoder found for: (\w+)", r"nothing here can decode \1"),
        (r"Decoder \(codec (\w+)\) not found", r"nothing here can decode \1"),
        (r"Decoder not found", "nothing here can decode it"),
        (r"No space left on device", "the disk of the worker is full"),
        (r"Cannot allocate memory|Out of memory", "it needs more memory than it may have"),
        (r"encrypted", "it is encrypted"),
        (r"pictures instead of", "pictures are missing or damaged"),
        (r"nothing was encoded|Output file is empty|has no pictures|\d+ segments instead of", _NOTHING_DECODED),
        (r"Error submitting packet to decoder|Decoding error", _NOTHING_DECODED),
        (r"a packet has no time|split at other places", "the times of its pictures don't fit together"),
        (r"has no packets|piece \d+ begins", "the times of its pictures don't fit together"),
        (r"Connection|Input/output error", "it could no longer be read"),
        (r"corrupt|Invalid data|Invalid NAL", "it is damaged"),
    )
)


def reason_of(said: str) -> str:
    """Return the cause that is in what ffmpeg has said, or what checked its output, as the end of a sentence."""
    for pattern, reason in _REASONS:
        if match := pattern.search(said):
            return match.expand(reason)
    return UNKNOWN

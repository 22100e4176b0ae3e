"""What is damaged in a source, and what people are told of it."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

MISSING_S_MIN: Final = 0.5
"""What containers say of their length is inexact by some pictures and frames of sound."""

PARTS_NAMED_MAX: Final = 5

_DAMAGE: Final = re.compile(
    r"\bcorrupt|partial file|ended prematurely|exceeds max length|Invalid NAL unit size|error while decoding"
    r"|missing picture in access unit|concealing \d|Error submitting packet to decoder|Decoding error"
    r"|pictures instead of"
)


class DamagedPart(NamedTuple):
    """A part of a title with damaged pictures, in microseconds."""

    start_us: int
    end_us: int


def says_damage(line: str) -> bool:
    """Return whether a line of ffmpeg, or of what checks its output, says that its input is damaged."""
    return _DAMAGE.search(line) is not None


def warnings_of(
    *, announced_us: int | None, reached_us: int, is_source_damaged: bool, parts: Sequence[DamagedPart]
) -> list[str]:
    """Return what people are told about a title that is ready.

    Args:
        announced_us: how long the file says that it is; None if it doesn't say.
        reached_us: how much picture or sound could be read.
        is_source_damaged: whether something in the file couldn't be read.
        parts: those with damaged pictures, in order.
    """
    warnings = []
    if announced_us is not None and announced_us - reached_us > MISSING_S_MIN * 1_000_000:
        warnings.append(
            f"The file says {announced_us / 1e6:.1f} s; {reached_us / 1e6:.1f} s could be read. "
            "What is missing was damaged or cut off."
        )
        # It ends in the middle of its last packet.
        parts = [part for part in parts if part.end_us < reached_us - MISSING_S_MIN * 1_000_000]
    if parts:
        warnings.append(
            f"Pictures are damaged between {_names(_joined(parts))}. "
            "Where one can't be decoded, the one before it is shown."
        )
    if not warnings and is_source_damaged:
        warnings.append("Something in the file is damaged. A moment of its picture or sound can be missing.")
    return warnings


def _joined(parts: Sequence[DamagedPart]) -> list[DamagedPart]:
    """Return the parts, with those that follow each other as one."""
    joined: list[DamagedPart] = []
    for part in parts:
        if joined and joined[-1].end_us == part.start_us:
            joined[-1] = DamagedPart(joined[-1].start_us, part.end_us)
        else:
            joined.append(part)
    return joined


def _names(parts: Sequence[DamagedPart]) -> str:
    names = [f"{part.start_us / 1e6:.1f} s and {part.end_us / 1e6:.1f} s" for part in parts[:PARTS_NAMED_MAX]]
    more = len(parts) - len(names)
    return ", ".join([*names, f"and in {more:,} more parts"] if more else names)

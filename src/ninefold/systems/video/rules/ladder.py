"""The ladder: in which qualities a title is encoded."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import msgspec

TIMESCALE: Final = 90_000
"""Ticks a second of all pictures."""

AUDIO_TIMESCALE: Final = 48_000
AUDIO_RUNG: Final = "audio"
AUDIO_BITRATE: Final = 128_000

BITRATE_MIN: Final = 150_000
SMALL_SIDE_MIN: Final = 16
PERCENT_OF_FAST: Final = 140
"""What a rung may have for more than 30 pictures a second, compared to up to 30."""

FAST_FRAME_RATE: Final = 31.0

# Height, bits a second, and the level of H.264 that decoders need: for up to 30 frames a second, and for more.
_RUNGS: Final = (
    (360, 800_000, "3.0", "3.1"),
    (480, 1_400_000, "3.1", "3.1"),
    (720, 2_800_000, "3.1", "3.2"),
    (1080, 5_000_000, "4.0", "4.2"),
)

_LARGEST_LEVEL: Final = "5.2"


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One quality of the picture."""

    name: str
    """Such as `360p`."""
    position: int
    """From 0 for the lowest one."""
    width: int
    height: int
    bitrate_max: int
    """Bits a second."""
    level: str
    """Of H.264; the same for all chunks, so that their initialization segment is."""


def ladder_of(
    width: int, height: int, *, frame_rate: float | None, heights: Sequence[int] = (360, 480, 720, 1080)
) -> list[Rung]:
    """Return the rungs for a picture of this size, with square pixels; the lowest first.

    No rung is larger than the source. One that is smaller than the lowest rung has one rung of its own size. For a
    picture that is higher than wide, such as a phone's, the names and limits go by its width.

    Args:
        width: as shown, after rotation.
        height: as shown.
        frame_rate: pictures a second, if they are known.
        heights: which rungs there are, of 360, 480, 720 and 1080.
    """
    side = min(width, height)
    is_fast = frame_rate is not None and frame_rate > FAST_FRAME_RATE
    chosen = [each for each in _RUNGS if each[0] in heights and each[0] <= side]
    if not chosen:
        return [_own_rung(width, height, is_fast=is_fast)]
    return [
        _rung(
            position, width, height, side=name, bitrate=bitrate, level=fast_level if is_fast else level, is_fast=is_fast
        )
        for position, (name, bitrate, level, fast_level) in enumerate(chosen)
    ]


def _own_rung(width: int, height: int, *, is_fast: bool) -> Rung:
    side = max(min(width, height), SMALL_SIDE_MIN)
    lowest_side, bitrate, level, fast_level = _RUNGS[0]
    share = Fraction(min(side, lowest_side), lowest_side)
    bitrate = max(int(bitrate * share * share), BITRATE_MIN)
    return _rung(0, width, height, side=side, bitrate=bitrate, level=fast_level if is_fast else level, is_fast=is_fast)


def _rung(position: int, width: int, height: int, *, side: int, bitrate: int, level: str, is_fast: bool) -> Rung:
    scale = Fraction(side, min(width, height))
    scaled_width, scaled_height = _even(width * scale), _even(height * scale)
    # Very wide pictures have more pixels than the levels of their height allow.
    is_wide = scaled_width * scaled_height > side * side * 2.4
    return Rung(
        name=f"{side}p",
        position=position,
        width=scaled_width,
        height=scaled_height,
        bitrate_max=bitrate * PERCENT_OF_FAST // 100 if is_fast else bitrate,
        level=_LARGEST_LEVEL if is_wide else level,
    )


def _even(length: Fraction) -> int:
    """Return the nearest even number, at least two: what H.264 with half the colours can have."""
    return max(2, 2 * int(length / 2 + Fraction(1, 2)))

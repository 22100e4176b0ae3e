"""What people are told about damaged sources, and about failures of ffmpeg."""

import pytest

from ninefold.systems.video.rules.damage import DamagedPart, says_damage, warnings_of
from ninefold.systems.video.rules.reasons import UNKNOWN, reason_of

SECOND = 1_000_000


def test_a_whole_file_has_no_warnings() -> None:
    assert warnings_of(announced_us=4_130_000, reached_us=4_000_000, is_source_damaged=False, parts=[]) == []
    assert warnings_of(announced_us=None, reached_us=4_000_000, is_source_damaged=False, parts=[]) == []


def test_what_is_missing_is_named_once() -> None:
    warnings = warnings_of(
        announced_us=4 * SECOND, reached_us=2_700_000, is_source_damaged=True, parts=[DamagedPart(0, 2_700_000)]
    )

    assert warnings == ["The file says 4.0 s; 2.7 s could be read. What is missing was damaged or cut off."]


def test_damaged_parts_that_follow_each_other_are_one() -> None:
    parts = [DamagedPart(start * SECOND, (start + 4) * SECOND) for start in (4, 8, 20)]

    warnings = warnings_of(announced_us=60 * SECOND, reached_us=60 * SECOND, is_source_damaged=True, parts=parts)

    (warning,) = warnings
    assert warning.startswith("Pictures are damaged between 4.0 s and 12.0 s, 20.0 s and 24.0 s. ")


def test_damage_without_a_place_is_told_too() -> None:
    (warning,) = warnings_of(announced_us=SECOND, reached_us=SECOND, is_source_damaged=True, parts=[])

    assert warning.startswith("Something in the file is damaged.")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[in#0/mov,mp4 @ 0x55] stream 1, offset 0x3565b: partial file", True),
        ("[in#0/matroska,webm @ 0x56] File ended prematurely", True),
        ("[h264 @ 0x55] Invalid NAL unit size (2157 > 1323).", True),
        ("[in#0/mpegts @ 0x56] Packet corrupt (stream = 0, dts = 309600).", True),
        ("[mp4 @ 0x55] Non-monotonic DTS; previous: 1, current: 0", False),
    ],
)
def test_lines_that_say_damage_are_known(line: str, *, expected: bool) -> None:
    assert says_damage(line) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("[mov @ 0x1] moov atom not found", "the file's index is missing: it was cut off, or recording ended abruptly"),
        ("Decoding requested, but no decoder found for: evc", "nothing here can decode evc"),
        (
            "[out#0/mp4 @ 0x5] Output file is empty, nothing was encoded(check -ss / -t / -frames parameters if used)",
            "none of its pictures can be decoded, as it is encrypted or damaged",
        ),
        ("there are 43 pictures instead of 44 from 1.0 s on", "pictures are missing or damaged"),
        ("[x @ 0x5] something else", UNKNOWN),
    ],
)
def test_causes_are_in_plain_words(said: str, expected: str) -> None:
    assert reason_of(said) == expected

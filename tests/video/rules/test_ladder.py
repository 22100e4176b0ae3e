"""Which qualities a title has."""

import pytest

from ninefold.systems.video.rules.ladder import ladder_of


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), [("360p", 640, 360), ("480p", 854, 480), ("720p", 1280, 720), ("1080p", 1920, 1080)]),
        ((3840, 2160), [("360p", 640, 360), ("480p", 854, 480), ("720p", 1280, 720), ("1080p", 1920, 1080)]),
        ((1080, 1920), [("360p", 360, 640), ("480p", 480, 854), ("720p", 720, 1280), ("1080p", 1080, 1920)]),
        ((640, 360), [("360p", 640, 360)]),
        ((176, 144), [("144p", 176, 144)]),
        ((321, 181), [("181p", 322, 182)]),
        ((2, 2), [("16p", 16, 16)]),
    ],
)
def test_no_rung_is_larger_than_the_source(size: tuple[int, int], expected: list[tuple[str, int, int]]) -> None:
    rungs = ladder_of(*size, frame_rate=25)
    assert [(rung.name, rung.width, rung.height) for rung in rungs] == expected
    assert [rung.position for rung in rungs] == list(range(len(rungs)))


def test_more_pictures_a_second_may_take_more_bits() -> None:
    slow, fast = ladder_of(1280, 720, frame_rate=30), ladder_of(1280, 720, frame_rate=60)
    assert [rung.bitrate_max for rung in slow] == [800_000, 1_400_000, 2_800_000]
    assert [rung.bitrate_max for rung in fast] == [1_120_000, 1_960_000, 3_920_000]
    assert fast[-1].level == "3.2"


def test_the_heights_can_be_set() -> None:
    assert [rung.name for rung in ladder_of(1920, 1080, frame_rate=25, heights=[480])] == ["480p"]

"""Where titles are cut."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.video.rules.chunking import Chunker, ChunkTimes, Packet
from ninefold.systems.video.rules.cutting import segment_starts
from ninefold.systems.video.rules.ladder import TIMESCALE
from ninefold.systems.video.rules.urgency import encode_urgency


def chunks_of(packets: list[tuple[int, bool]], *, unit: Fraction = Fraction(1, 10), zero: int = 0) -> list[ChunkTimes]:
    chunker = Chunker(unit, zero=Fraction(zero))
    found = [chunker.add(Packet(time=time, duration=1, is_key=is_key)) for time, is_key in packets]
    return [*(chunk for chunk in found if chunk is not None), *chunker.finish()]


def test_chunks_follow_each_other() -> None:
    chunks = chunks_of([(time, time % 20 == 0) for time in range(100)])
    assert [(chunk.start / TIMESCALE, chunk.end / TIMESCALE) for chunk in chunks] == [(0, 4), (4, 8), (8, 10)]
    assert [len(chunk.times) for chunk in chunks] == [40, 40, 20]
    assert not any(chunk.needs_next or chunk.has_leading for chunk in chunks)


def test_pictures_before_a_keyframe_belong_to_the_chunk_before() -> None:
    packets = [(0, True), *((time, False) for time in range(1, 39)), (40, True), (39, False), (41, False)]
    first, second = chunks_of(packets)
    assert (len(first.times), first.needs_next, first.has_leading) == (40, True, False)
    assert (len(second.times), second.needs_next, second.has_leading) == (2, False, True)


def test_what_precedes_the_first_keyframe_isnt_shown() -> None:
    (chunk,) = chunks_of([(0, False), (3, True), (2, False), (4, False)], zero=0)
    assert [time / TIMESCALE for time in chunk.times] == [0.3, 0.4]


def test_segments_of_a_chunk() -> None:
    times = [time * TIMESCALE // 10 for time in range(45)]
    end = 45 * TIMESCALE // 10
    assert [start / TIMESCALE for start in segment_starts(times, end=end, is_first=True)] == [0, 1, 3]
    assert [start / TIMESCALE for start in segment_starts(times, end=end, is_first=False)] == [0, 2]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=100))
def test_what_is_known_of_segments_stays_so(steps: list[int]) -> None:
    times, now = [0], 0
    for step in steps:
        now += step * TIMESCALE // 20
        times.append(now)
    end = now + TIMESCALE // 25
    final = segment_starts(times, end=end, is_first=True)
    for known in range(1, len(times)):
        early = segment_starts(times[:known], end=times[known - 1], is_first=True)
        assert early == final[: len(early)]


def test_the_lowest_rung_stays_ahead() -> None:
    second = 1_000_000
    order = sorted(
        (encode_urgency(start_us=start * second, position=position), position, start)
        for start in (0, 4, 28, 32, 64)
        for position in (0, 1, 2)
    )
    assert [(position, start) for _, position, start in order[:6]] == [(0, 0), (0, 4), (0, 28), (1, 0), (0, 32), (1, 4)]

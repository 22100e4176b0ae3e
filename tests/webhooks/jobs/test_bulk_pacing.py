"""Bulk attempts start less often while the event loop is late and more urgent attempts are made."""

from ninefold.systems.webhooks.jobs.bulk_pacing import (
    LATE_MAX_S,
    PACED_BURST_MAX,
    PAUSE_MAX_S,
    PAUSE_MIN_S,
    URGENT_HELD_S,
    BulkPacer,
)

BURST_MAX = 64


def run(pacer: BulkPacer, *, seconds: float, late_s: float, now_s: float = 0.0) -> int:
    """Start bulk attempts for a while, with critical ones all the time; return how many bulk ones started."""
    started = 0
    end_s = now_s + seconds
    while now_s < end_s:
        pacer.note_urgent(now_s)
        started += pacer.room(now_s)
        now_s = pacer.start(now_s) + late_s
        pacer.wake(now_s)
    return started


def test_bulk_attempts_alone_are_not_paced() -> None:
    pacer = BulkPacer(burst_max=BURST_MAX)
    assert pacer.room(0.0) == BURST_MAX
    pacer.note_urgent(0.0)
    assert pacer.room(URGENT_HELD_S) == BURST_MAX


def test_after_an_urgent_attempt_few_start_together_with_pauses() -> None:
    pacer = BulkPacer(burst_max=BURST_MAX)
    pacer.note_urgent(0.0)
    assert pacer.room(0.0) == PACED_BURST_MAX
    next_at_s = pacer.start(0.0)
    assert pacer.room(next_at_s / 2) == 0
    assert pacer.room(next_at_s) == PACED_BURST_MAX


def test_a_loop_that_is_late_slows_down_bulk_attempts_but_never_stops_them() -> None:
    pacer = BulkPacer(burst_max=BURST_MAX)
    in_time = run(pacer, seconds=1.0, late_s=0.0)
    late = run(pacer, seconds=1.0, late_s=2 * LATE_MAX_S, now_s=10.0)
    again_in_time = run(pacer, seconds=1.0, late_s=0.0, now_s=20.0)
    assert in_time >= PACED_BURST_MAX / PAUSE_MIN_S * 0.9
    assert PACED_BURST_MAX / (PAUSE_MAX_S + 2 * LATE_MAX_S) <= late < in_time / 4
    assert again_in_time > in_time / 2


def test_a_timer_that_is_early_lets_the_next_attempts_start() -> None:
    pacer = BulkPacer(burst_max=BURST_MAX)
    pacer.note_urgent(0.0)
    early_s = pacer.start(0.0) - 0.0005
    pacer.wake(early_s)
    assert pacer.room(early_s) == PACED_BURST_MAX

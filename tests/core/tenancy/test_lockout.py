"""The rules of lock-out, by tables and by properties."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.tenancy.lockout import LIMITS, Failures, Subject, count_attempt, remaining_lock, undo_attempt
from people import NOON


@pytest.mark.parametrize(
    ("subject", "failures_before", "locked_s"),
    [
        ("account", 0, None),
        ("account", 3, None),
        ("account", 4, 1),
        ("account", 5, 2),
        ("account", 12, 256),
        ("account", 13, 300),
        ("account", 1_000_000, 300),
        ("address", 18, None),
        ("address", 19, 1),
        ("address", 28, 512),
        ("address", 29, 900),
    ],
)
def test_the_lock_doubles_with_each_failure(subject: Subject, failures_before: int, locked_s: int | None) -> None:
    before = Failures(failure_count=failures_before, last_failed_at=NOON)

    after = count_attempt(before, LIMITS[subject], now=NOON)

    lock = remaining_lock(after, now=NOON)
    assert (None if lock is None else lock.total_seconds()) == locked_s
    assert after.failure_count == failures_before + 1


def test_a_lock_ends_at_its_time() -> None:
    locked = Failures(failure_count=5, last_failed_at=NOON, locked_until=NOON + timedelta(seconds=1))

    assert remaining_lock(locked, now=NOON + timedelta(seconds=0.5)) == timedelta(seconds=0.5)
    assert remaining_lock(locked, now=NOON + timedelta(seconds=1)) is None


def test_failures_are_forgotten_after_an_hour() -> None:
    before = Failures(failure_count=100, last_failed_at=NOON)

    assert count_attempt(before, LIMITS["account"], now=NOON + timedelta(minutes=59)).failure_count == 101
    assert count_attempt(before, LIMITS["account"], now=NOON + timedelta(minutes=60)).failure_count == 1


@given(st.integers(min_value=0, max_value=1_000))
def test_undoing_an_attempt_leaves_the_earlier_failures(count: int) -> None:
    before = Failures(failure_count=count, last_failed_at=NOON)

    undone = undo_attempt(count_attempt(before, LIMITS["account"], now=NOON))

    assert (undone.failure_count, undone.locked_until) == (count, None)


def test_undoing_never_makes_a_count_negative() -> None:
    assert undo_attempt(Failures()).failure_count == 0

"""The rules of lock-out: how long a sign-in has to wait after failures. Pure; times are arguments.

After a few failures, each further one doubles the time until the next attempt is admitted, up to a maximum. An hour
without a failure forgets them. An attempt is counted as a failure before the password is checked, so that parallel
guesses don't get more attempts, and the count is taken back if it succeeds:

    noon = datetime(2026, 1, 31, 12)
    four = Failures(failure_count=4, last_failed_at=noon)
    assert count_attempt(four, LIMITS["account"], now=noon).locked_until == noon + timedelta(seconds=1)
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

Subject: TypeAlias = Literal["account", "address"]
"""Whose failures are counted: those for a mail address, or those from a client's address."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
FIRST_DELAY: Final = timedelta(seconds=1)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures a subject has, and how long it is then locked."""

    failures_max: int
    """This failure is the first one that locks."""
    delay_max: timedelta


LIMITS: Final[Mapping[Subject, Limit]] = {
    # Somebody else's guesses must not lock a person out for long.
    "account": Limit(failures_max=5, delay_max=timedelta(minutes=5)),
    # Many people can share an address.
    "address": Limit(failures_max=20, delay_max=timedelta(minutes=15)),
}


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """The failed sign-ins of a subject."""

    failure_count: int = 0
    last_failed_at: datetime | None = None
    locked_until: datetime | None = None


def remaining_lock(failures: Failures, *, now: datetime) -> timedelta | None:
    """Return how long a subject is still locked; None if it isn't."""
    if failures.locked_until is None or failures.locked_until <= now:
        return None
    return failures.locked_until - now


def count_attempt(failures: Failures, limit: Limit, *, now: datetime) -> Failures:
    """Return the failures after another attempt, which counts as failed until it has succeeded."""
    is_forgotten = failures.last_failed_at is None or failures.last_failed_at + FORGOTTEN_AFTER <= now
    count = 1 if is_forgotten else failures.failure_count + 1
    return Failures(failure_count=count, last_failed_at=now, locked_until=_locked_until(count, limit, now=now))


def undo_attempt(failures: Failures) -> Failures:
    """Return the failures without an attempt that didn't fail."""
    return Failures(
        failure_count=max(failures.failure_count - 1, 0), last_failed_at=failures.last_failed_at, locked_until=None
    )


def _locked_until(count: int, limit: Limit, *, now: datetime) -> datetime | None:
    excess = count - limit.failures_max
    if excess < 0:
        return None
    # The exponent is limited, because 2¹⁰⁰⁰ seconds aren't a valid time.
    delay: timedelta = FIRST_DELAY * (1 << min(excess, 20))
    return now + min(delay, limit.delay_max)

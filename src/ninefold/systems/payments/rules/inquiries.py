"""When a processor is asked what became of a call, and when its answer that it knows of none counts."""

from datetime import datetime, timedelta
from typing import Final

from ninefold.systems.payments.model.payments import Attempt

_DELAYS_S: Final = (2, 5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)

RECOVERY_GRACE: Final = timedelta(seconds=5)
"""How long after its time limit a call counts as interrupted, because nobody has recorded its outcome."""


def inquiry_delay(inquiry_count: int) -> timedelta:
    """Return how long to wait for the next inquiry: 2 s at first, an hour in the end."""
    return timedelta(seconds=_DELAYS_S[min(inquiry_count, len(_DELAYS_S) - 1)])


def inquiry_duration_max(processor_timeout: timedelta) -> timedelta:
    """Return how long an inquiry can take: the processor is asked, and the call perhaps sent again.

    After that, another worker asks, because the one that claimed it has died. Asking twice does no harm.
    """
    return 2 * processor_timeout + RECOVERY_GRACE


def is_absence_final(attempt: Attempt, *, at: datetime, processor_timeout: timedelta) -> bool:
    """Return whether a call that the processor doesn't know will never arrive: whoever made it has given up by now."""
    return at >= attempt.sent_at + processor_timeout + RECOVERY_GRACE

"""When a processor is asked what became of a call."""

from datetime import timedelta
from typing import Final

_DELAYS_S: Final = (2, 5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)

RECOVERY_GRACE: Final = timedelta(seconds=5)
"""How long after its time limit a call counts as interrupted, because nobody has recorded its outcome."""


def inquiry_delay(inquiry_count: int) -> timedelta:
    """Return how long to wait for the next inquiry: 2 s at first, an hour in the end."""
    return timedelta(seconds=_DELAYS_S[min(inquiry_count, len(_DELAYS_S) - 1)])

"""How fast bulk deliveries are sent while more urgent ones come in: as fast as that doesn't delay those.

Attempts of all tiers share the worker's event loop, so each critical one waits for the bulk attempts, responses and
outcomes that the loop is busy with. A pacer measures how late the loop wakes it up. While that is too late, it lets
bulk attempts start less often.
"""

from typing import Final

URGENT_HELD_S: Final = 1.0
"""How long after an attempt of a more urgent tier bulk attempts are paced."""

PACED_BURST_MAX: Final = 8
"""Bulk attempts that start together while they are paced."""

LATE_MAX_S: Final = 0.001
"""How late the loop may wake the pacer up before it slows down."""

PAUSE_MIN_S: Final = 0.005
PAUSE_MAX_S: Final = 0.02
"""The pause between two bursts: 1,600 to 400 bulk attempts per second."""

_SLOWER: Final = 1.5
_FASTER: Final = 0.95


class BulkPacer:
    """Says how many bulk attempts may start. All times are those of the event loop, in seconds.

    Args:
        burst_max: how many may start together while no more urgent attempts are made.
    """

    def __init__(self, *, burst_max: int) -> None:
        self._burst_max = burst_max
        self._urgent_until_s = float("-inf")
        self._pause_s = PAUSE_MIN_S
        self.next_at_s = float("-inf")
        """When the next bulk attempts may start, while they are paced."""

    def note_urgent(self, now_s: float) -> None:
        """Note that an attempt of a more urgent tier starts."""
        self._urgent_until_s = now_s + URGENT_HELD_S

    def is_pacing(self, now_s: float) -> bool:
        """Return whether more urgent attempts were made lately."""
        return now_s < self._urgent_until_s

    def room(self, now_s: float) -> int:
        """Return how many bulk attempts may start now."""
        if not self.is_pacing(now_s):
            return self._burst_max
        return PACED_BURST_MAX if now_s >= self.next_at_s else 0

    def start(self, now_s: float) -> float:
        """Note that bulk attempts start; return when the next ones may, which is when to call `wake`."""
        self.next_at_s = now_s + self._pause_s
        return self.next_at_s

    def wake(self, now_s: float) -> None:
        """Let the next attempts start, and adapt the pause to how late the loop is. It can be a millisecond early."""
        is_late = now_s - self.next_at_s > LATE_MAX_S
        self.next_at_s = min(self.next_at_s, now_s)
        pause_s = self._pause_s * (_SLOWER if is_late else _FASTER)
        self._pause_s = min(PAUSE_MAX_S, max(PAUSE_MIN_S, pause_s))

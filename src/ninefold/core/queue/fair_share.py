"""A limit that organisations share, so that none of them can use all of it."""

from math import ceil
from typing import Final
from uuid import UUID


class FairShare:
    """An amount that organisations share: each may use up to a multiple of what is free at the moment.

    With a multiple of 4, one organisation alone gets 4/5 of the amount. Two greedy ones get 4/9 each; ten get 4/41
    each. The rule doesn't need to know how many organisations there are (Choudhury and Hahne, "Dynamic queue length
    thresholds for shared-memory packet switches", 1998).

    What is in use can't be taken away. So a part of the amount is reserved for organisations that use little: each can
    use up to `guaranteed`, even if others already use all the rest.

    Args:
        maximum: the whole amount, in any unit.
        multiple: how much one organisation may use, as a multiple of what is free and not reserved.
        reserved: the part of `maximum` that is kept for organisations that use less than `guaranteed`.
        guaranteed: how much one organisation may use even if only the reserved part is free.
    """

    __slots__ = ("_guaranteed", "_multiple", "_reserved", "_used", "free", "maximum")

    def __init__(self, maximum: int, *, multiple: float, reserved: int = 0, guaranteed: int = 0) -> None:
        self.maximum: Final = maximum
        self.free = maximum
        self._multiple = multiple
        self._reserved = reserved
        self._guaranteed = guaranteed
        self._used: dict[UUID, int] = {}

    @property
    def used(self) -> int:
        """How much all organisations use in total."""
        return self.maximum - self.free

    def room(self, organisation_id: UUID) -> int:
        """Return how much more an organisation may take."""
        used, unreserved = self._used.get(organisation_id, 0), self.free - self._reserved
        of_unreserved = min(ceil((self._multiple * unreserved - used) / (1 + self._multiple)), unreserved)
        of_guaranteed = min(self._guaranteed - used, self.free)
        return max(0, of_unreserved, of_guaranteed)

    def take(self, organisation_id: UUID, amount: int = 1) -> None:
        """Count an amount as used by an organisation."""
        self._used[organisation_id] = self._used.get(organisation_id, 0) + amount
        self.free -= amount

    def give_back(self, organisation_id: UUID, amount: int = 1) -> None:
        """Count an amount as no longer used by an organisation."""
        self.free += amount
        remaining = self._used[organisation_id] - amount
        if remaining:
            self._used[organisation_id] = remaining
        else:
            del self._used[organisation_id]

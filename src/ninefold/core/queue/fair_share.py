"""A bound that organisations share, so that none of them uses up what another needs."""

from math import ceil
from typing import Final
from uuid import UUID


class FairShare:
    """An amount that organisations share: each may use a multiple of what is free at the moment.

    With a multiple of 4, one organisation alone gets 4/5 of it; two that want as much as they can get, 4/9 each; ten of
    them, 4/41 each. Nobody has to know how many there are (Choudhury and Hahne, "Dynamic queue length thresholds for
    shared-memory packet switches", 1998). But what one has, another can't take from it. So a part is reserved, of which
    each gets only a little, and that much it gets even if others came first and had all the rest.

    Args:
        maximum: the whole, in any unit.
        multiple: of what is free and not reserved, how much one organisation may use.
        reserved: of the whole, how much is given to those only that use less than is guaranteed.
        guaranteed: how much one organisation may use of what is reserved.
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
        """How much all organisations use together."""
        return self.maximum - self.free

    def room(self, organisation_id: UUID) -> int:
        """Return how much more an organisation may take."""
        used, unreserved = self._used.get(organisation_id, 0), self.free - self._reserved
        of_unreserved = min(ceil((self._multiple * unreserved - used) / (1 + self._multiple)), unreserved)
        of_guaranteed = min(self._guaranteed - used, self.free)
        return max(0, of_unreserved, of_guaranteed)

    def take(self, organisation_id: UUID, amount: int = 1) -> None:
        """Let an organisation use so much more."""
        self._used[organisation_id] = self._used.get(organisation_id, 0) + amount
        self.free -= amount

    def give_back(self, organisation_id: UUID, amount: int = 1) -> None:
        """Take back so much of what an organisation uses."""
        self.free += amount
        remaining = self._used[organisation_id] - amount
        if remaining:
            self._used[organisation_id] = remaining
        else:
            del self._used[organisation_id]

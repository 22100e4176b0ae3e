"""A limit that tiers share, and in each tier its organisations.

A tier is a class of work that is more or less urgent than others. Each has a reserve that no other tier can use; the
rest is for all of them. Tiers are numbered from 0.
"""

from collections.abc import Sequence
from math import ceil
from typing import Final
from uuid import UUID


class TierShares:
    """An amount of which each tier has a reserve. The reserve of all is divided among the tiers that are in use.

    A tier is in use from the first time that something is taken in it, so a tier that nobody uses reserves nothing.

    Args:
        maximum: the whole amount, in any unit.
        multiple: how much one organisation may use, as a multiple of what is free and not reserved.
        reserved: the part of `maximum` that is reserved, for all tiers together.
        guaranteed: how much one organisation may use in a tier even if only the tier's reserve is free.
        weights: how the reserve is divided: the weight of each tier.
    """

    def __init__(
        self, maximum: int, *, multiple: float, reserved: int, guaranteed: int, weights: Sequence[float] = (1.0,)
    ) -> None:
        self.maximum: Final = maximum
        self.multiple: Final = multiple
        self.guaranteed: Final = guaranteed
        self.used = 0
        """How much all tiers use in total."""
        self.is_divided = False
        """Whether more than one tier is in use."""
        self.tiers: Final = tuple(TierShare(self) for _ in weights)
        self._reserved = reserved
        self._weights = weights

    def divide_reserve(self) -> None:
        """Divide the reserve among the tiers that are in use."""
        weights = [weight if tier.is_in_use else 0.0 for tier, weight in zip(self.tiers, self._weights, strict=True)]
        for tier, weight in zip(self.tiers, weights, strict=True):
            tier.reserved = int(self._reserved * weight / sum(weights))
        self.is_divided = sum(tier.is_in_use for tier in self.tiers) > 1


class TierShare:
    """What a tier may use of an amount. Its organisations share it as those of a `FairShare` do."""

    __slots__ = ("_shares", "_used", "is_in_use", "reserved", "used")

    def __init__(self, shares: TierShares) -> None:
        self.reserved = 0
        self.used = 0
        """How much all organisations use in this tier."""
        self.is_in_use = False
        self._shares = shares
        self._used: dict[UUID, int] = {}

    def room(self, organisation_id: UUID) -> int:
        """Return how much more an organisation may take."""
        shares = self._shares
        if not self.is_in_use:
            self.is_in_use = True
            shares.divide_reserve()
        used = self._used.get(organisation_id, 0)
        reserved_by_others = sum(
            tier.reserved - tier.used for tier in shares.tiers if tier is not self and tier.used < tier.reserved
        )
        free = shares.maximum - shares.used - reserved_by_others
        own = max(0, self.reserved - self.used)
        # The whole own reserve is for organisations that use little, unless it is meant to hold off other tiers.
        unreserved = free - (own if shares.is_divided else self.reserved)
        room = max(self._part(unreserved, used), min(shares.guaranteed - used, free))
        if shares.is_divided:
            room = max(room, self._part(own, used))
        return max(0, room)

    def take(self, organisation_id: UUID, amount: int = 1) -> None:
        """Count an amount as used by an organisation."""
        self._used[organisation_id] = self._used.get(organisation_id, 0) + amount
        self.used += amount
        self._shares.used += amount

    def give_back(self, organisation_id: UUID, amount: int = 1) -> None:
        """Count an amount as no longer used by an organisation."""
        self.used -= amount
        self._shares.used -= amount
        remaining = self._used[organisation_id] - amount
        if remaining:
            self._used[organisation_id] = remaining
        else:
            del self._used[organisation_id]

    def _part(self, free: int, used: int) -> int:
        multiple = self._shares.multiple
        return min(ceil((multiple * free - used) / (1 + multiple)), free)

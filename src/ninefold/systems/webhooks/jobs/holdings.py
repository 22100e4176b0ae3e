"""What a worker knows that it holds, beside what the database says that it does."""

from collections.abc import Iterable
from uuid import UUID


class Holdings:
    """The ids of what a worker has claimed and not let go of.

    Until a claim's commit is confirmed, the worker may hold what it knows nothing of. So every claim begins by giving
    that back, if the one before it ended with an error, or if something was handed back without being begun.
    """

    def __init__(self) -> None:
        self.known: set[UUID] = set()
        self._may_hold_more = False

    def begin_claim(self) -> bool:
        """Return whether this claim has to give back first what isn't known."""
        may_hold_more, self._may_hold_more = self._may_hold_more, True
        return may_hold_more

    def end_claim(self, claimed: Iterable[UUID]) -> None:
        """Take note of what a claim has brought, once its commit is confirmed."""
        self._may_hold_more = False
        self.known.update(claimed)

    def give_back(self, ids: Iterable[UUID]) -> None:
        """Forget what wasn't begun, so that the next claim gives it back; it can't fail."""
        self.known.difference_update(ids)
        self._may_hold_more = True

    def settle(self, ids: Iterable[UUID]) -> None:
        """Take note that the database knows these to be let go of."""
        self.known.difference_update(ids)

"""Claims: how a worker takes rows that wait, a fair share of each organisation's.

The organisations are visited round-robin: a claim looks at a bounded number of them, and the next claim goes on after
the last one.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.leased_ids import LeasedIds

CLAIM_ORGANISATIONS_MAX: Final = 100
"""Organisations that share one claim. The next claim goes on after the last of them."""

LOOKS_MAX: Final = 10
"""A claim that finds nothing to take looks at so many times as many organisations."""

_BEFORE_ALL: Final = UUID(int=0)
"""After which every organisation comes."""

RowT = TypeVar("RowT")
RowT_co = TypeVar("RowT_co", covariant=True)


class ClaimBudget(msgspec.Struct, frozen=True, kw_only=True):
    """What one claim may bring."""

    rows_max: int
    items_max: int
    """What the rows may fan out to; the first row alone may be more."""

    bytes_max: int
    """What the rows' payloads may take in memory; the first row alone may be more."""

    held_back: Collection[UUID] = ()
    """Organisations of which enough waits in this worker: others may claim their work."""

    @property
    def organisations_max(self) -> int:
        """How many organisations to look at: those that are held back are seen, and come on top."""
        return CLAIM_ORGANISATIONS_MAX + len(self.held_back)


class ClaimRows(Protocol[RowT_co]):
    """Claims rows for a worker, with one look at the organisations that follow one of them."""

    async def __call__(
        self, connection: Connection, /, *, worker_id: UUID, budget: ClaimBudget, after: UUID
    ) -> tuple[Sequence[RowT_co], UUID | None]:
        """Return the rows, and the last organisation that was looked at; None when it was the last that has any."""
        ...


class RoundRobinClaims(Generic[RowT]):
    """Claims rows, each time beginning where the claim before ended.

    Args:
        leased_ids: learns what was claimed.
        claim_rows: the query.
        id_of: a row's id.
        is_one_look_enough: whether a look that holds nobody back sees whatever there is to claim, with whichever
            organisation it begins.
    """

    def __init__(
        self,
        leased_ids: LeasedIds,
        claim_rows: ClaimRows[RowT],
        *,
        id_of: Callable[[RowT], UUID],
        is_one_look_enough: bool = False,
    ) -> None:
        self._leased_ids = leased_ids
        self._claim_rows = claim_rows
        self._id_of = id_of
        self._is_one_look_enough = is_one_look_enough
        self._after = _BEFORE_ALL

    async def claim(self, budget: ClaimBudget) -> Sequence[RowT]:
        """Claim what a budget allows; look on while there is nothing to take of those that were looked at.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        for _ in range(LOOKS_MAX):
            began_after = self._after
            rows = await self._look(budget)
            has_seen_all = began_after == self._after == _BEFORE_ALL
            if rows or has_seen_all or (self._is_one_look_enough and not budget.held_back):
                break
        return rows

    async def _look(self, budget: ClaimBudget) -> Sequence[RowT]:
        async with self._leased_ids.claim() as connection:
            rows, ended_at = await self._claim_rows(
                connection, worker_id=self._leased_ids.worker_id, budget=budget, after=self._after
            )
        self._leased_ids.add(self._id_of(row) for row in rows)
        self._after = ended_at or _BEFORE_ALL
        return rows

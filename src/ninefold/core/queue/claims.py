"""Claims waiting rows for a worker, with a fair share for each organisation.

Claims visit the organisations round-robin: each scans a limited number of them, and the next one continues after the
last organisation scanned.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.leased_ids import LeasedIds

CLAIM_ORGANISATIONS_MAX: Final = 100
"""How many organisations one scan covers, besides those that are held back."""

SCANS_MAX: Final = 10
"""How many scans a claim makes while it finds no rows."""

_BEFORE_ALL: Final = UUID(int=0)
"""An id that sorts before that of every organisation."""

RowT = TypeVar("RowT")
RowT_co = TypeVar("RowT_co", covariant=True)


class ClaimBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much one claim may return."""

    rows_max: int
    items_max: int
    """The number of items that the rows may fan out to. The first row may exceed it by itself."""

    bytes_max: int
    """The total size of the rows' payloads. The first row may exceed it by itself."""

    held_back: Collection[UUID] = ()
    """Organisations to skip, because this worker's queue for them is full. Other workers can claim their rows."""

    @property
    def organisations_max(self) -> int:
        """How many organisations to scan. Those that are held back are scanned too, so they are added."""
        return CLAIM_ORGANISATIONS_MAX + len(self.held_back)


class ClaimRows(Protocol[RowT_co]):
    """A query that claims rows for a worker in one scan of the organisations."""

    async def __call__(
        self, connection: Connection, /, *, worker_id: UUID, budget: ClaimBudget, after: UUID
    ) -> tuple[Sequence[RowT_co], UUID | None]:
        """Scan the organisations that follow `after`, in the order of their ids.

        Returns:
            The claimed rows, and the last organisation scanned; None when no organisation with rows follows it.
        """
        ...


class RoundRobinClaims(Generic[RowT]):
    """Claims rows; each claim continues where the previous one ended.

    Args:
        leased_ids: the ids of the rows that the worker holds; claimed rows are added.
        claim_rows: the query.
        id_of: returns a row's id.
        is_one_scan_enough: whether one scan finds a row if there is any, wherever it begins. It needn't hold while
            organisations are held back.
    """

    def __init__(
        self,
        leased_ids: LeasedIds,
        claim_rows: ClaimRows[RowT],
        *,
        id_of: Callable[[RowT], UUID],
        is_one_scan_enough: bool = False,
    ) -> None:
        self._leased_ids = leased_ids
        self._claim_rows = claim_rows
        self._id_of = id_of
        self._is_one_scan_enough = is_one_scan_enough
        self._after = _BEFORE_ALL

    async def claim(self, budget: ClaimBudget) -> Sequence[RowT]:
        """Claim rows within a budget. While a scan finds none, scan the next organisations, up to `SCANS_MAX` times.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        for _ in range(SCANS_MAX):
            began_after = self._after
            rows = await self._scan(budget)
            has_scanned_all = began_after == self._after == _BEFORE_ALL
            if rows or has_scanned_all or (self._is_one_scan_enough and not budget.held_back):
                break
        return rows

    async def _scan(self, budget: ClaimBudget) -> Sequence[RowT]:
        async with self._leased_ids.claim() as connection:
            rows, last_organisation_id = await self._claim_rows(
                connection, worker_id=self._leased_ids.worker_id, budget=budget, after=self._after
            )
        self._leased_ids.add(self._id_of(row) for row in rows)
        self._after = last_organisation_id or _BEFORE_ALL
        return rows

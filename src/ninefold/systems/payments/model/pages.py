"""Pages of lists, newest first."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

BALANCE_TRANSACTION_PREFIX: Final = "txn"


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of a list is wanted, and what of the list."""

    limit: int
    """Rows to read, at most."""
    older_than: UUID | None = None
    newer_than: UUID | None = None
    """The page is then the one directly above this position."""
    created_from: datetime | None = None
    created_before: datetime | None = None

    @property
    def is_upward(self) -> bool:
        """Whether the rows are read from old to new."""
        return self.newer_than is not None

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of a query for a page."""
        return {**msgspec.structs.asdict(self), "is_upward": self.is_upward}


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed a merchant's balance."""

    balance_transaction_id: UUID
    merchant_id: UUID
    type: str
    source_id: UUID
    amount: int
    fee: int
    currency: str
    created_at: datetime
    available_at: datetime
    is_available: bool

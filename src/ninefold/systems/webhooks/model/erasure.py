"""What one statement of an erasure has deleted."""

from uuid import UUID

import msgspec


class ErasedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of rows that were deleted."""

    events: int = 0
    deliveries: int
    attempts: int
    """Earlier attempts; the latest one is in the row of its delivery."""
    last_id: UUID | None = None
    """The last event; None if there was none."""

"""What a worker says when it claims work: how much it can take, of whom no more for now, and with whom to begin."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

import msgspec

CLAIM_MAX: Final = 200
CLAIM_DELIVERIES_MAX: Final = 1_000
"""What the events of one claim may fan out to; the first event alone may be more."""

CLAIM_PAYLOAD_BYTES_MAX: Final = 8 * 1024 * 1024
"""What one claim may bring into memory; the first element alone may be more."""

CLAIM_ORGANISATIONS_MAX: Final = 100
"""Organisations that share one claim. The next claim goes on after the last of them."""

LOOKS_MAX: Final = 10
"""At so many times as many organisations a claim looks that finds nothing to take."""

_FIRST: Final = UUID(int=0)
"""After which every organisation comes."""


class ClaimBudget(msgspec.Struct, frozen=True, kw_only=True):
    """What one claim may bring."""

    limit: int = CLAIM_MAX
    deliveries_max: int = CLAIM_DELIVERIES_MAX
    payload_bytes_max: int = CLAIM_PAYLOAD_BYTES_MAX
    held_back: Collection[UUID] = ()
    """Organisations of which enough waits in this worker: others may claim their work."""

    @property
    def organisations_max(self) -> int:
        """How many organisations to look at: those that are held back are seen, and come on top."""
        return CLAIM_ORGANISATIONS_MAX + len(self.held_back)


class Turn:
    """Where a claim begins among the organisations, which are looked at in turns."""

    def __init__(self) -> None:
        self.after = _FIRST

    def end(self, ended_at: UUID | None) -> bool:
        """Go on after the last organisation that was looked at, or begin anew after None; say if that was all."""
        was_all = ended_at is None and self.after == _FIRST
        self.after = ended_at or _FIRST
        return was_all

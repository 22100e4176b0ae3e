"""The bytes of a batch: everything that it follows from, and what it comes to. Their SHA-256 is the batch's digest."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import msgspec

HEADER: Final = (
    "merchant,currency,day,cutoff_at,account,after_sequence,last_sequence,opening_amount,payout_minimum,payout_amount,"
    "carried_amount"
)
COLUMNS: Final = "sequence,type,source,gross,fee,reserve,net,at"


class BatchHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch says besides its lines; amounts in minor units."""

    merchant_id: UUID
    currency: str
    day: date
    cutoff_at: datetime
    account_id: UUID
    after_sequence: int
    last_sequence: int
    opening_amount: int
    payout_minimum: int
    payout_amount: int
    carried_amount: int


def batch_content(head: BatchHead, lines: Sequence[str]) -> bytes:
    """Return the bytes of a batch: CSV with a line for the batch, and then one for each of its entries."""
    values = [
        head.merchant_id,
        head.currency,
        head.day.isoformat(),
        head.cutoff_at.astimezone(UTC).isoformat(),
        head.account_id,
        head.after_sequence,
        head.last_sequence,
        head.opening_amount,
        head.payout_minimum,
        head.payout_amount,
        head.carried_amount,
    ]
    return "\n".join([HEADER, ",".join(map(str, values)), COLUMNS, *lines, ""]).encode()

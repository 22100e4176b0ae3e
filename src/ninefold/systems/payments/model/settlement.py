"""Settlement: batches, payouts and bank files."""

from datetime import date, datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

BATCH_PREFIX: Final = "bat"
PAYOUT_PREFIX: Final = "po"
BANK_FILE_PREFIX: Final = "bfl"

BatchState: TypeAlias = Literal["computed", "posted", "file_written", "delivered", "carried"]
BatchLineType: TypeAlias = Literal[
    "capture", "refund", "refund_failed", "reserve_release", "payout_returned", "correction"
]
PayoutState: TypeAlias = Literal["pending", "in_transit", "paid", "failed", "canceled"]
CarriedReason: TypeAlias = Literal["nothing", "negative", "below_minimum", "no_bank_account"]
BankFileFormat: TypeAlias = Literal["nacha", "csv"]
BankFileState: TypeAlias = Literal["written", "delivered"]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one merchant gets in one currency for one day. Amounts are minor units."""

    batch_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    currency: str
    day: date
    cutoff_at: datetime
    state: BatchState
    account_id: UUID
    after_sequence: int
    last_sequence: int
    opening_amount: int
    line_count: int
    capture_count: int
    capture_amount: int
    fee_amount: int
    reserve_amount: int
    reserve_released_amount: int
    refund_count: int
    refund_amount: int
    returned_amount: int
    correction_amount: int
    payout_minimum: int
    payout_amount: int
    carried_amount: int
    carried_reason: CarriedReason | None
    digest: bytes
    bank_file_id: UUID | None
    computed_at: datetime
    posted_at: datetime | None
    file_written_at: datetime | None
    delivered_at: datetime | None

    @property
    def net_amount(self) -> int:
        """What there is to pay or to carry."""
        return self.payout_amount + self.carried_amount


class BatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the merchant's available account. Amounts are minor units."""

    sequence: int
    type: BatchLineType
    source_id: UUID
    intent_id: UUID | None
    gross: int
    fee: int
    reserve: int
    net: int
    at: datetime


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of an account with a sequence above the first and up to the second."""

    account_id: UUID
    after_sequence: int
    last_sequence: int


class BatchTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries of a batch add up to."""

    line_count: int
    capture_count: int
    capture_amount: int
    fee_amount: int
    reserve_amount: int
    reserve_released_amount: int
    refund_count: int
    refund_amount: int
    returned_amount: int
    correction_amount: int

    @property
    def net(self) -> int:
        """The sum of all entries."""
        return (
            self.capture_amount
            - self.fee_amount
            - self.reserve_amount
            + self.reserve_released_amount
            + self.refund_amount
            + self.returned_amount
            + self.correction_amount
        )


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid to a merchant's bank."""

    payout_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    batch_id: UUID
    currency: str
    amount: int
    state: PayoutState
    method: BankFileFormat
    reference: str
    """What the bank repeats: 15 characters."""
    trace_number: str | None
    bank_file_id: UUID | None
    bank_last4: str | None
    arrival_date: date
    statement_descriptor: str | None
    created_at: datetime
    in_transit_at: datetime | None
    paid_at: datetime | None
    paid_amount: int | None = None
    """What the bank has paid; it can be off from the amount if a person has said so."""
    failed_at: datetime | None
    canceled_at: datetime | None
    failure_code: str | None
    failure_message: str | None


class BankFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file for a bank, without its bytes."""

    bank_file_id: UUID
    organisation_id: UUID
    name: str
    format: BankFileFormat
    currency: str
    day: date
    number: int
    arrival_date: date
    entry_count: int
    total: int
    sha256: bytes
    state: BankFileState
    created_at: datetime
    delivered_at: datetime | None

"""Reconciliation: what processors and banks say, and where it doesn't agree with the ledger."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.systems.payments.model.money import CurrencyText

SETTLEMENT_REPORT_PREFIX: Final = "srp"
STATEMENT_PREFIX: Final = "stm"
STATEMENT_LINE_PREFIX: Final = "sln"
BREAK_PREFIX: Final = "brk"
RUN_PREFIX: Final = "rrn"

StatementFormat: TypeAlias = Literal["camt053", "nacha_returns"]
StatementLineKind: TypeAlias = Literal["entry", "return", "change"]
StatementLineState: TypeAlias = Literal["unmatched", "matched", "suspense", "noted", "duplicate"]
MatchRule: TypeAlias = Literal["reference", "amount_and_date", "person"]
BreakType: TypeAlias = Literal["missing", "duplicate", "amount", "currency", "timing", "unknown"]
BreakSource: TypeAlias = Literal["report", "bank"]
BreakState: TypeAlias = Literal["open", "closed", "resolved"]


class SettlementReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a processor settles for a day (UTC)."""

    settlement_report_id: UUID
    organisation_id: UUID
    processor: str
    day: date
    line_count: int
    sha256: bytes
    fetched_at: datetime


class ReportLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a settlement report; the amount is negative for refunds."""

    settlement_report_id: UUID
    number: int
    our_reference: str
    processor_reference: str
    type: Literal["capture", "refund"]
    amount: int
    currency: str
    at: datetime
    source_id: UUID | None
    match_rule: MatchRule | None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A file from a bank, without its bytes."""

    statement_id: UUID
    organisation_id: UUID
    name: str
    format: StatementFormat
    sha256: bytes
    line_count: int
    known_line_count: int
    """How many of them a file has that was imported before; they count once."""
    imported_at: datetime
    imported_by: str


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bank's file; the amount is positive if it is paid in."""

    statement_line_id: UUID
    organisation_id: UUID
    statement_id: UUID
    number: int
    account: str
    fingerprint: str
    kind: StatementLineKind
    amount: int
    currency: str
    booked_on: date
    references: list[str]
    bank_reference: str | None
    text: str | None
    reason: str | None
    file_line: int | None
    state: StatementLineState
    match_rule: MatchRule | None
    payout_id: UUID | None
    bank_file_id: UUID | None
    settlement_report_id: UUID | None
    matched_at: datetime | None


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """Something that doesn't agree, and what became of it."""

    break_id: UUID
    organisation_id: UUID
    day: date
    type: BreakType
    source: BreakSource
    subject: str
    reference: str
    currency: str
    expected_amount: int | None
    found_amount: int | None
    charge_id: UUID | None
    refund_id: UUID | None
    payout_id: UUID | None
    statement_line_id: UUID | None
    settlement_report_id: UUID | None
    state: BreakState
    opened_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    evidence: str | None
    correction_id: UUID | None

    @property
    def difference(self) -> int:
        """How far the other side is off: negative if it has less."""
        return (self.found_amount or 0) - (self.expected_amount or 0)


class ReconciliationRun(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a day."""

    run_id: UUID
    organisation_id: UUID
    day: date
    number: int
    started_at: datetime
    finished_at: datetime
    summary: Mapping[str, Any]


class ClosedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of which nothing changes any more."""

    organisation_id: UUID
    day: date
    closed_at: datetime
    closed_by: str
    report: bytes
    sha256: bytes


class NewBreak(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a comparison has found."""

    day: date
    type: BreakType
    source: BreakSource
    subject: str
    """Tells that a later comparison finds the same break."""
    reference: str
    currency: str
    expected_amount: int | None
    found_amount: int | None
    charge_id: UUID | None = None
    refund_id: UUID | None = None
    payout_id: UUID | None = None
    statement_line_id: UUID | None = None
    settlement_report_id: UUID | None = None


Verdict: TypeAlias = Literal[
    "agrees", "elsewhere", "not_compared", "missing", "duplicate", "amount", "currency", "timing", "unknown"
]
"""What a comparison says. `elsewhere`: it is in the report of another day, whose comparison says more. `not_compared`:
the report of its day was read before it came, or wasn't read yet."""


class ComparedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A capture or a refund, as the ledger and a report have it; refunds are negative."""

    verdict: Verdict
    type: Literal["capture", "refund"]
    charge_id: UUID | None
    refund_id: UUID | None
    intent_id: UUID | None
    currency: str
    ledger_amount: int | None
    ledger_at: datetime | None
    settlement_report_id: UUID | None
    number: int | None
    our_reference: str | None
    report_currency: str | None
    report_amount: int | None
    report_day: date | None
    match_rule: MatchRule | None


class ComparedCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a comparison have a verdict."""

    verdict: Verdict
    match_rule: MatchRule | None
    currency: CurrencyText
    item_count: int
    ledger_amount: int
    report_amount: int


class KnownDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of which there is something."""

    day: date
    open_breaks: int
    run_count: int | None
    closed_at: datetime | None


class LedgerTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What the captures of a day come to, less its refunds."""

    currency: str
    item_count: int
    amount: int


class ReportTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What a report comes to in a currency, and what of it is on the bank's statement."""

    settlement_report_id: UUID
    processor: str
    day: date
    currency: str
    line_count: int
    amount: int
    bank_amount: int | None


class JournalDigest(msgspec.Struct, frozen=True, kw_only=True):
    """The transfers of a day."""

    transfer_count: int
    last_sequence: int | None
    sha256: str


class DayDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to a day, with its hash."""

    type: str
    id: UUID
    sha256: bytes

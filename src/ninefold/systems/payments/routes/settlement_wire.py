"""Batches, payouts and bank files as the API shows and takes them. Amounts are minor units."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.ledger import ACCOUNT_PREFIX
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.money import CurrencyText
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, INTENT_PREFIX, REFUND_PREFIX
from ninefold.systems.payments.model.reconciliation import (
    SETTLEMENT_REPORT_PREFIX,
    STATEMENT_LINE_PREFIX,
    STATEMENT_PREFIX,
    MatchRule,
    StatementLine,
    StatementLineKind,
    StatementLineState,
)
from ninefold.systems.payments.model.settlement import (
    BANK_FILE_PREFIX,
    BATCH_PREFIX,
    PAYOUT_PREFIX,
    BankFile,
    BankFileFormat,
    BankFileState,
    Batch,
    BatchLine,
    BatchLineType,
    BatchState,
    CarriedReason,
    Payout,
    PayoutState,
)
from ninefold.systems.payments.routes.field_types import (
    AccountIdText,
    BankFileIdText,
    BatchIdText,
    ChargeIdText,
    Last4,
    LiveChannel,
    MerchantIdText,
    NotThere,
    PaymentIdText,
    PayoutIdText,
    SettlementReportIdText,
    Sha256Text,
    StatementIdText,
    StatementLineIdText,
)
from ninefold.systems.payments.service.settlement_changes import settlement_channel

SOURCE_PREFIXES: Final[dict[BatchLineType, str]] = {
    "capture": CHARGE_PREFIX,
    "reserve_release": CHARGE_PREFIX,
    "refund": REFUND_PREFIX,
    "refund_failed": REFUND_PREFIX,
    "payout_returned": PAYOUT_PREFIX,
    "correction": "brk",
}


class BatchId(PathId):
    """The id of a batch."""

    prefix = BATCH_PREFIX


class PayoutId(PathId):
    """The id of a payout."""

    prefix = PAYOUT_PREFIX


class BankFileId(PathId):
    """The id of a bank file."""

    prefix = BANK_FILE_PREFIX


class SettleMerchant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which day of a merchant is settled."""

    day: date | None = None
    """The merchant's day; by default, the last one whose cut-off has passed."""


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """What one merchant gets in one currency for one day."""

    batch_id: BatchIdText
    merchant_id: MerchantIdText
    currency: CurrencyText
    day: date
    cutoff_at: Timestamp
    state: BatchState
    opening_amount: int
    """What the batch before has carried."""
    capture_count: int
    capture_amount: int
    fee_amount: int
    reserve_amount: int
    """Of these captures, what is kept in reserve."""
    reserve_released_amount: int
    refund_count: int
    refund_amount: int
    """Negative: what refunds take away."""
    returned_amount: int
    """Payouts that came back from the bank."""
    correction_amount: int
    line_count: int
    payout_amount: int
    carried_amount: int
    """What stays for the next batch."""
    carried_reason: CarriedReason | None
    account_id: AccountIdText
    after_sequence: int
    last_sequence: int
    sha256: Sha256Text
    """Of the batch's content, which follows from the journal alone."""
    bank_file_id: BankFileIdText | None
    payout_state: PayoutState | None
    """How its payout stands; null if there is none."""
    computed_at: Timestamp
    posted_at: Timestamp | None
    file_written_at: Timestamp | None
    delivered_at: Timestamp | None
    live_channel: LiveChannel


class BatchLineView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the merchant's available account."""

    sequence: int
    """Its position in the journal."""
    type: BatchLineType
    source_id: ChargeIdText
    """The charge, refund, payout or break that it is about."""
    payment_intent_id: PaymentIdText | None
    gross: int
    fee: int
    reserve: int
    net: int
    at: Timestamp


class PayoutView(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid to a merchant's bank."""

    payout_id: PayoutIdText
    merchant_id: MerchantIdText
    batch_id: BatchIdText
    bank_file_id: BankFileIdText | None
    currency: CurrencyText
    amount: int
    state: PayoutState
    method: BankFileFormat
    reference: Annotated[str, msgspec.Meta(examples=["NINEFOLD PAYOUT 7F3A"])]
    """What the bank repeats."""
    trace_number: Annotated[str | None, msgspec.Meta(examples=["021000020000001"])]
    bank_account_last4: Last4 | None
    arrival_date: date
    statement_descriptor: Annotated[str | None, msgspec.Meta(examples=["INES BAKERY"])]
    created_at: Timestamp
    in_transit_at: Timestamp | None
    paid_at: Timestamp | None
    paid_amount: int | None
    """What the bank has paid: another amount only if a person has matched the bank's line with the payout."""
    failed_at: Timestamp | None
    failure_code: NotThere
    """Such as R03."""
    failure_message: NotThere


class BankFileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file for a bank."""

    bank_file_id: BankFileIdText
    name: Annotated[str, msgspec.Meta(examples=["20260131-01-ppd.ach"])]
    format: BankFileFormat
    currency: CurrencyText
    day: date
    arrival_date: date
    entry_count: int
    total: int
    sha256: Sha256Text
    state: BankFileState
    created_at: Timestamp
    delivered_at: Timestamp | None


class StatementLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bank's file; the amount is positive if it is paid in."""

    statement_line_id: StatementLineIdText
    statement_id: StatementIdText
    number: int
    kind: StatementLineKind
    amount: int
    currency: CurrencyText
    booked_on: date
    references: Annotated[list[str], msgspec.Meta(examples=[["NINEFOLD PAYOUT 7F3A"]])]
    bank_reference: Annotated[str | None, msgspec.Meta(examples=["B2026030400017"])]
    text: Annotated[str | None, msgspec.Meta(examples=["CARD SETTLEMENT"])]
    reason: NotThere
    file_line: int | None
    """The line of the file."""
    state: StatementLineState
    match_rule: MatchRule | None
    payout_id: PayoutIdText | None
    bank_file_id: BankFileIdText | None
    settlement_report_id: SettlementReportIdText | None
    matched_at: Timestamp | None


class BatchDetailsView(BatchView, frozen=True, kw_only=True):
    """A batch with what became of it, up to the bank's statement."""

    payout: PayoutView | None
    bank_file: BankFileView | None
    statement_lines: list[StatementLineView]


class PayoutDetailsView(PayoutView, frozen=True, kw_only=True):
    """A payout with the lines of the bank's files that it is on."""

    statement_lines: list[StatementLineView]


def show_batch(batch: Batch, *, payout_state: PayoutState | None) -> BatchView:
    """Return a batch as the API shows it."""
    return BatchView(**_batch_fields(batch), payout_state=payout_state)


def show_batch_details(
    batch: Batch, *, payout: Payout | None, file: BankFile | None, lines: list[StatementLine]
) -> BatchDetailsView:
    """Return a batch with what became of it."""
    return BatchDetailsView(
        **_batch_fields(batch),
        payout_state=None if payout is None else payout.state,
        payout=None if payout is None else show_payout(payout),
        bank_file=None if file is None else show_bank_file(file),
        statement_lines=[show_statement_line(line) for line in lines],
    )


def show_batch_line(line: BatchLine) -> BatchLineView:
    """Return a line of a batch as the API shows it."""
    return BatchLineView(
        sequence=line.sequence,
        type=line.type,
        source_id=format_id(SOURCE_PREFIXES[line.type], line.source_id),
        payment_intent_id=None if line.intent_id is None else format_id(INTENT_PREFIX, line.intent_id),
        gross=line.gross,
        fee=line.fee,
        reserve=line.reserve,
        net=line.net,
        at=line.at,
    )


def show_payout(payout: Payout) -> PayoutView:
    """Return a payout as the API shows it."""
    return PayoutView(**_payout_fields(payout))


def show_payout_details(payout: Payout, *, lines: list[StatementLine]) -> PayoutDetailsView:
    """Return a payout with the lines of the bank's files that it is on."""
    return PayoutDetailsView(**_payout_fields(payout), statement_lines=[show_statement_line(line) for line in lines])


def show_bank_file(file: BankFile) -> BankFileView:
    """Return a bank file as the API shows it."""
    return BankFileView(
        bank_file_id=format_id(BANK_FILE_PREFIX, file.bank_file_id),
        name=file.name,
        format=file.format,
        currency=file.currency,
        day=file.day,
        arrival_date=file.arrival_date,
        entry_count=file.entry_count,
        total=file.total,
        sha256=file.sha256.hex(),
        state=file.state,
        created_at=file.created_at,
        delivered_at=file.delivered_at,
    )


def show_statement_line(line: StatementLine) -> StatementLineView:
    """Return a line of a bank's file as the API shows it."""
    return StatementLineView(
        statement_line_id=format_id(STATEMENT_LINE_PREFIX, line.statement_line_id),
        statement_id=format_id(STATEMENT_PREFIX, line.statement_id),
        number=line.number,
        kind=line.kind,
        amount=line.amount,
        currency=line.currency,
        booked_on=line.booked_on,
        references=line.references,
        bank_reference=line.bank_reference,
        text=line.text,
        reason=line.reason,
        file_line=line.file_line,
        state=line.state,
        match_rule=line.match_rule,
        payout_id=None if line.payout_id is None else format_id(PAYOUT_PREFIX, line.payout_id),
        bank_file_id=None if line.bank_file_id is None else format_id(BANK_FILE_PREFIX, line.bank_file_id),
        settlement_report_id=None
        if line.settlement_report_id is None
        else format_id(SETTLEMENT_REPORT_PREFIX, line.settlement_report_id),
        matched_at=line.matched_at,
    )


# Any, because the fields of views differ in type.
def _batch_fields(batch: Batch) -> dict[str, Any]:
    fields = {name: getattr(batch, name) for name in BatchView.__struct_fields__ if hasattr(batch, name)}
    return {
        **fields,
        "batch_id": format_id(BATCH_PREFIX, batch.batch_id),
        "merchant_id": format_id(MERCHANT_PREFIX, batch.merchant_id),
        "account_id": format_id(ACCOUNT_PREFIX, batch.account_id),
        "sha256": batch.digest.hex(),
        "bank_file_id": None if batch.bank_file_id is None else format_id(BANK_FILE_PREFIX, batch.bank_file_id),
        "live_channel": settlement_channel(batch.organisation_id),
    }


def _payout_fields(payout: Payout) -> dict[str, Any]:
    fields = {name: getattr(payout, name) for name in PayoutView.__struct_fields__ if hasattr(payout, name)}
    return {
        **fields,
        "payout_id": format_id(PAYOUT_PREFIX, payout.payout_id),
        "merchant_id": format_id(MERCHANT_PREFIX, payout.merchant_id),
        "batch_id": format_id(BATCH_PREFIX, payout.batch_id),
        "bank_file_id": None if payout.bank_file_id is None else format_id(BANK_FILE_PREFIX, payout.bank_file_id),
        "bank_account_last4": payout.bank_last4,
    }

"""Statements, settlement reports, comparisons and breaks as the API shows and takes them. Amounts are minor units."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import PathId, parse_body_id
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.ledger import TRANSFER_PREFIX, AccountKind
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.money import CurrencyText
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, INTENT_PREFIX, REFUND_PREFIX
from ninefold.systems.payments.model.reconciliation import (
    BREAK_PREFIX,
    RUN_PREFIX,
    SETTLEMENT_REPORT_PREFIX,
    STATEMENT_LINE_PREFIX,
    STATEMENT_PREFIX,
    Break,
    BreakSource,
    BreakState,
    BreakType,
    ClosedDay,
    KnownDay,
    MatchRule,
    ReconciliationRun,
    ReportLine,
    SettlementReport,
    Statement,
    StatementFormat,
    Verdict,
)
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX
from ninefold.systems.payments.routes.field_types import (
    AttemptIdText,
    BreakIdText,
    ChargeIdText,
    LineType,
    LiveChannel,
    MerchantIdText,
    NotThere,
    PaymentIdText,
    PayoutIdText,
    PersonOrKey,
    ProcessorText,
    RefundIdText,
    RunIdText,
    SettlementReportIdText,
    Sha256Text,
    StatementIdText,
    StatementLineIdText,
)
from ninefold.systems.payments.rules.break_advice import advise, can_match
from ninefold.systems.payments.service.breaks import EVIDENCE_LENGTH_MAX, Correction
from ninefold.systems.payments.service.matching_by_hand import DifferenceAccount
from ninefold.systems.payments.service.reconciling import DayItem, DaySummary

Evidence = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=EVIDENCE_LENGTH_MAX, examples=["The processor has sent the line on Monday."]),
]


class StatementId(PathId):
    """The id of a statement."""

    prefix = STATEMENT_PREFIX


class SettlementReportId(PathId):
    """The id of a settlement report."""

    prefix = SETTLEMENT_REPORT_PREFIX


class BreakId(PathId):
    """The id of a break."""

    prefix = BREAK_PREFIX


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """A file from a bank."""

    statement_id: StatementIdText
    name: Annotated[str, msgspec.Meta(examples=["statement-2026-01-31.xml"])]
    format: StatementFormat
    sha256: Sha256Text
    line_count: int
    known_line_count: int
    """How many of the lines are in a file that was imported before: they count once."""
    imported_at: Timestamp
    imported_by: PersonOrKey


class SettlementReportView(msgspec.Struct, frozen=True, kw_only=True):
    """What a processor settles for a day (UTC)."""

    settlement_report_id: SettlementReportIdText
    processor: ProcessorText
    day: date
    line_count: int
    sha256: Sha256Text
    fetched_at: Timestamp


class ReportLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a settlement report; the amount is negative for refunds."""

    number: int
    our_reference: AttemptIdText
    processor_reference: Annotated[str, msgspec.Meta(examples=["sim_8c1f0a"])]
    type: LineType
    amount: int
    currency: CurrencyText
    at: Timestamp
    match_rule: MatchRule | None


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """A day (UTC) of which there is something."""

    day: date
    open_breaks: int
    runs: int
    closed_at: Timestamp | None


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a day."""

    run_id: RunIdText
    number: int
    started_at: Timestamp
    finished_at: Timestamp


class DayDetailsView(msgspec.Struct, frozen=True, kw_only=True):
    """What three sides say about a day (UTC), as of now."""

    day: date
    summary: DaySummary
    last_run: RunView | None
    closed_at: Timestamp | None
    closed_by: PersonOrKey | None
    report_sha256: Sha256Text | None
    """Of the report of its closing."""
    live_channel: LiveChannel


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """A capture or a refund, as the ledger, the processor's report and the bank have it; refunds are negative."""

    verdict: Verdict
    type: LineType
    match_rule: MatchRule | None
    charge_id: ChargeIdText | None
    refund_id: RefundIdText | None
    payment_intent_id: PaymentIdText | None
    currency: CurrencyText
    ledger_amount: int | None
    ledger_at: Timestamp | None
    report_amount: int | None
    report_currency: CurrencyText | None
    report_day: date | None
    bank_amount: int | None
    """That of the report's line, once the bank has paid the report: banks pay reports as a whole."""
    settlement_report_id: SettlementReportIdText | None
    number: int | None
    """Of the report's line."""
    our_reference: AttemptIdText | None
    difference: int
    """How far the report is off: negative if it has less."""


class BreakView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that doesn't agree, and what became of it."""

    break_id: BreakIdText
    day: date
    type: BreakType
    source: BreakSource
    """Where it shows: in the processor's report, or on the bank's statement."""
    reference: Annotated[str, msgspec.Meta(examples=["NINEFOLD PAYOUT 7F3A"])]
    currency: CurrencyText
    expected_amount: int | None
    found_amount: int | None
    difference: int
    """How far the other side is off: negative if it has less."""
    charge_id: ChargeIdText | None
    refund_id: RefundIdText | None
    payout_id: PayoutIdText | None
    statement_line_id: StatementLineIdText | None
    settlement_report_id: SettlementReportIdText | None
    state: BreakState
    advice: Annotated[str, msgspec.Meta(examples=["Ask the processor for the line, or read its next report."])]
    """What to do."""
    can_match: bool
    """Whether the bank's line of an open break can be matched with a payout."""
    opened_at: Timestamp
    ended_at: Timestamp | None
    ended_by: PersonOrKey | None
    evidence: NotThere
    correction_id: NotThere
    """The transfer that corrects the accounts."""


class CorrectionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is moved so that the accounts say what has happened."""

    debit: AccountKind
    credit: AccountKind
    amount: Annotated[int, msgspec.Meta(gt=0, le=2**53)]
    merchant_id: MerchantIdText | None = None
    """Whose available account is meant, if one is."""


class ResolveBreak(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a break is none."""

    evidence: Evidence
    """What proves it, such as the number of a ticket at the bank."""
    correction: CorrectionBody | None = None

    def read_correction(self) -> Correction | None:
        """Return the correction.

        Raises:
            InvalidInputError: the merchant's id is none.
        """
        if self.correction is None:
            return None
        text = self.correction.merchant_id
        return Correction(
            debit=self.correction.debit,
            credit=self.correction.credit,
            amount=self.correction.amount,
            merchant_id=None if text is None else parse_body_id(MERCHANT_PREFIX, text, field="correction.merchant_id"),
        )


class MatchBreak(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which payout the bank's line of a break pays out."""

    evidence: Evidence
    """What proves it, such as the number of a ticket at the bank."""
    payout_id: PayoutIdText | None = None
    """By default, the payout that the break is about."""
    difference_account: DifferenceAccount = "suspense"
    """Where the difference goes: `suspense` if the bank is to correct it, `bank_fees` if it stays as it is."""

    def read_payout_id(self) -> UUID | None:
        """Return the id of the payout.

        Raises:
            InvalidInputError: it is none.
        """
        return None if self.payout_id is None else parse_body_id(PAYOUT_PREFIX, self.payout_id, field="payout_id")


class ClosedDayView(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is closed."""

    day: date
    closed_at: Timestamp
    closed_by: PersonOrKey
    report_sha256: Sha256Text


def show_statement(statement: Statement) -> StatementView:
    """Return a statement as the API shows it."""
    return StatementView(
        statement_id=format_id(STATEMENT_PREFIX, statement.statement_id),
        name=statement.name,
        format=statement.format,
        sha256=statement.sha256.hex(),
        line_count=statement.line_count,
        known_line_count=statement.known_line_count,
        imported_at=statement.imported_at,
        imported_by=statement.imported_by,
    )


def show_report(report: SettlementReport) -> SettlementReportView:
    """Return a settlement report as the API shows it."""
    return SettlementReportView(
        settlement_report_id=format_id(SETTLEMENT_REPORT_PREFIX, report.settlement_report_id),
        processor=report.processor,
        day=report.day,
        line_count=report.line_count,
        sha256=report.sha256.hex(),
        fetched_at=report.fetched_at,
    )


def show_report_line(line: ReportLine) -> ReportLineView:
    """Return a line of a settlement report as the API shows it."""
    return ReportLineView(
        number=line.number,
        our_reference=line.our_reference,
        processor_reference=line.processor_reference,
        type=line.type,
        amount=line.amount,
        currency=line.currency,
        at=line.at,
        match_rule=line.match_rule,
    )


def show_day(known: KnownDay) -> DayView:
    """Return a day as the API shows it."""
    return DayView(day=known.day, open_breaks=known.open_breaks, runs=known.run_count or 0, closed_at=known.closed_at)


def show_run(run: ReconciliationRun) -> RunView:
    """Return a comparison as the API shows it."""
    return RunView(
        run_id=format_id(RUN_PREFIX, run.run_id),
        number=run.number,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def show_item(found: DayItem) -> ItemView:
    """Return a capture or a refund as the API shows it."""
    item = found.item
    return ItemView(
        verdict=item.verdict,
        type=item.type,
        match_rule=item.match_rule,
        charge_id=None if item.charge_id is None else format_id(CHARGE_PREFIX, item.charge_id),
        refund_id=None if item.refund_id is None else format_id(REFUND_PREFIX, item.refund_id),
        payment_intent_id=None if item.intent_id is None else format_id(INTENT_PREFIX, item.intent_id),
        currency=item.currency,
        ledger_amount=item.ledger_amount,
        ledger_at=item.ledger_at,
        report_amount=item.report_amount,
        report_currency=item.report_currency,
        report_day=item.report_day,
        bank_amount=found.bank_amount,
        settlement_report_id=None
        if item.settlement_report_id is None
        else format_id(SETTLEMENT_REPORT_PREFIX, item.settlement_report_id),
        number=item.number,
        our_reference=item.our_reference,
        difference=(item.report_amount or 0) - (item.ledger_amount or 0),
    )


def show_break(found: Break) -> BreakView:
    """Return a break as the API shows it."""
    return BreakView(
        break_id=format_id(BREAK_PREFIX, found.break_id),
        day=found.day,
        type=found.type,
        source=found.source,
        reference=found.reference,
        currency=found.currency,
        expected_amount=found.expected_amount,
        found_amount=found.found_amount,
        difference=found.difference,
        charge_id=None if found.charge_id is None else format_id(CHARGE_PREFIX, found.charge_id),
        refund_id=None if found.refund_id is None else format_id(REFUND_PREFIX, found.refund_id),
        payout_id=None if found.payout_id is None else format_id(PAYOUT_PREFIX, found.payout_id),
        statement_line_id=None
        if found.statement_line_id is None
        else format_id(STATEMENT_LINE_PREFIX, found.statement_line_id),
        settlement_report_id=None
        if found.settlement_report_id is None
        else format_id(SETTLEMENT_REPORT_PREFIX, found.settlement_report_id),
        state=found.state,
        advice=advise(found),
        can_match=found.state == "open" and can_match(found),
        opened_at=found.opened_at,
        ended_at=found.ended_at,
        ended_by=found.ended_by,
        evidence=found.evidence,
        correction_id=None if found.correction_id is None else format_id(TRANSFER_PREFIX, found.correction_id),
    )


def show_closed_day(closed: ClosedDay) -> ClosedDayView:
    """Return a closed day as the API shows it."""
    return ClosedDayView(
        day=closed.day,
        closed_at=closed.closed_at,
        closed_by=closed.closed_by,
        report_sha256=closed.sha256.hex(),
    )

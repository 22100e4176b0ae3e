"""`ninefold payments reconcile`, `close-day`, and the lists of statements and breaks."""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    follow_job,
    print_next_page,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.payments.commands.amounts import amount_text
from ninefold.systems.payments.commands.days import Day, day_text
from ninefold.systems.payments.commands.states import shown_state

_ROOT: Final = "/api/v1/payments"
_BREAKS: Final = f"{_ROOT}/reconciliation/breaks"
_DAYS: Final = f"{_ROOT}/reconciliation/days"

statements = App(name="statements", help="Import and list the files from banks.")
breaks = App(name="breaks", help="Show and resolve what doesn't agree.")
days = App(name="days", help="Show the days that were reconciled.")


class StatementAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A statement."""

    statement_id: str
    name: str
    format: str
    line_count: int
    known_line_count: int
    imported_at: str
    imported_by: str


class BreakAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A break."""

    break_id: str
    day: str
    source: str
    type: str
    reference: str
    currency: str
    expected_amount: int | None
    found_amount: int | None
    state: str
    opened_at: str
    advice: str
    can_match: bool
    evidence: str | None


class DayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A day."""

    day: str
    runs: int
    open_breaks: int
    closed_at: str | None


class ClosedDayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A closed day."""

    day: str
    closed_at: str
    closed_by: str
    report_sha256: str


def reconcile(
    day: Day, *, no_wait: Annotated[bool, Parameter(negative=())] = False, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Reconcile a day (UTC): read the processors' reports, match the bank's lines, and compare.

    Args:
        day: The day, such as 2026-11-23.
        no_wait: Return at once; the job goes on.
        api: The server and API key to use.
    """
    with api.client() as client:
        started = client.post(f"{_DAYS}/{day.isoformat()}/runs")
        follow_job(client, started, api=api, should_wait=not no_wait)


def close_day(day: Day, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Close a day (UTC): nothing of it changes afterwards. This can't be undone.

    Args:
        day: The day, such as 2026-11-23.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.post(f"{_DAYS}/{day.isoformat()}/close")
        show_answer(answer, ClosedDayAnswer, api=api, show=show_fields)


@statements.command(name="import")
def import_statement(file: Path, *, name: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Import a file from a bank: a statement in camt.053, or a NACHA file with returns.

    Args:
        file: The file as the bank has delivered it.
        name: What it is called; by default, the name of the file.
        api: The server and API key to use.
    """
    content = _read_file(file)
    with api.client() as client:
        answer = client.request("POST", f"{_ROOT}/statements", query={"name": name or file.name}, content=content)
        show_answer(answer, StatementAnswer, api=api, show=show_fields)


@statements.command(name="list")
def list_statements(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List statements, newest first.

    Args:
        limit: Maximum number of statements to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(f"{_ROOT}/statements", limit=limit, cursor=cursor)
        show_answer(answer, Page[StatementAnswer], api=api, show=_show_statements)


@days.command(name="list")
def list_days(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List the days (UTC) that were reconciled, newest first.

    Args:
        limit: Maximum number of days to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_DAYS, limit=limit, cursor=cursor)
        show_answer(answer, Page[DayAnswer], api=api, show=_show_days)


@breaks.command(name="list")
def list_breaks(
    *,
    state: str | None = "open",
    day: Day | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List breaks, newest first.

    Args:
        state: Only those in this state: open, closed or resolved.
        day: Only those of this day, such as 2026-11-23.
        limit: Maximum number of breaks to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_BREAKS, state=state, day=day_text(day), limit=limit, cursor=cursor)
        show_answer(answer, Page[BreakAnswer], api=api, show=_show_breaks)


@breaks.command(name="show")
def show_break(break_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a break, and what to do about it.

    Args:
        break_id: The id of the break, such as brk_….
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(f"{_BREAKS}/{break_id}"), BreakAnswer, api=api, show=show_fields)


@breaks.command(name="resolve")
def resolve_break(
    break_id: str,
    *,
    evidence: str,
    debit: str | None = None,
    credit: str | None = None,
    amount: int | None = None,
    merchant: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Resolve a break with evidence, and with a correction if money has to be moved.

    Args:
        break_id: The id of the break, such as brk_….
        evidence: What proves it, such as the number of a ticket at the bank.
        debit: The account that gives, such as suspense.
        credit: The account that gets, such as fees or merchant_available.
        amount: What is moved, in minor units.
        merchant: Whose available account is meant, such as mer_….
        api: The server and API key to use.
    """
    correction = {"debit": debit, "credit": credit, "amount": amount, "merchant_id": merchant}
    has_correction = any(value is not None for value in correction.values())
    body = {"evidence": evidence, "correction": correction if has_correction else None}
    with api.client() as client:
        answer = client.post(f"{_BREAKS}/{break_id}/resolve", body)
        show_answer(answer, BreakAnswer, api=api, show=show_fields)


@breaks.command(name="match")
def match_break(
    break_id: str,
    *,
    evidence: str,
    payout: str | None = None,
    difference_to: Literal["suspense", "bank_fees"] = "suspense",
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Say that the bank's line of a break is a payout, although its amount is off or its reference is missing.

    The payout is paid with the amount that the bank has. The difference is posted with the break as its cause. A line
    that names a bank file of several payouts is refused: ask the bank to take it back and to pay the file's total.

    Args:
        break_id: The id of the break, such as brk_….
        evidence: What proves it, such as the number of a ticket at the bank.
        payout: The id of the payout, such as po_…; by default, the one that the break is about.
        difference_to: Where the difference goes: suspense if the bank is to correct it, bank_fees if it stays.
        api: The server and API key to use.
    """
    body = {"evidence": evidence, "payout_id": payout, "difference_account": difference_to}
    with api.client() as client:
        answer = client.post(f"{_BREAKS}/{break_id}/match", body)
        show_answer(answer, BreakAnswer, api=api, show=show_fields)


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"The file can't be read: {error}.", field="file", remedy="Check its path and its permissions."
        ) from error


def _show_statements(page: Page[StatementAnswer]) -> None:
    print_table(
        ["Statement", "Name", "Format", "Lines", "Known before", "Imported at", "Imported by"],
        [
            [
                each.statement_id,
                each.name,
                each.format,
                each.line_count,
                each.known_line_count,
                each.imported_at,
                each.imported_by,
            ]
            for each in page.items
        ],
        empty="No statements yet. Import one: ninefold payments statements import FILE",
    )
    print_next_page(page)


def _show_days(page: Page[DayAnswer]) -> None:
    print_table(
        ["Day", "Runs", "Open breaks", "Closed at"],
        [[each.day, each.runs, each.open_breaks, each.closed_at] for each in page.items],
        empty="No days yet. Reconcile one: ninefold payments reconcile 2026-11-23",
    )
    print_next_page(page)


def _show_breaks(page: Page[BreakAnswer]) -> None:
    print_table(
        ["Break", "Day", "Where", "Type", "Reference", "Expected", "Found", "State", "Since"],
        [
            [
                each.break_id,
                each.day,
                each.source,
                each.type,
                each.reference,
                amount_text(each.expected_amount, each.currency),
                amount_text(each.found_amount, each.currency),
                shown_state(each.state),
                each.opened_at,
            ]
            for each in page.items
        ],
        empty="No breaks.",
    )
    print_next_page(page)

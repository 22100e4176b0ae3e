"""`ninefold payments settle`, and the lists of batches, payouts and bank files."""

import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    follow_job,
    parse_argument_id,
    print_fields,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.systems.payments.commands.amounts import amount_text
from ninefold.systems.payments.commands.days import Day, day_text
from ninefold.systems.payments.commands.states import shown_state
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX

_ROOT: Final = "/api/v1/payments"

batches = App(name="batches", help="Show what merchants got for each day.")
payouts = App(name="payouts", help="Show what is paid to merchants' banks.")
bank_files = App(name="bank-files", help="Show and download the files for banks.")


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A batch."""

    batch_id: str
    merchant_id: str
    day: str
    currency: str
    state: str
    capture_amount: int
    fee_amount: int
    refund_amount: int
    payout_amount: int
    carried_amount: int
    carried_reason: str | None
    sha256: str
    bank_file_id: str | None
    payout_state: str | None


class PayoutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A payout."""

    payout_id: str
    merchant_id: str
    amount: int
    currency: str
    state: str
    reference: str
    arrival_date: str
    failure_code: str | None


class PayoutDetailsAnswer(PayoutAnswer, frozen=True, kw_only=True):
    """A payout with all that is known of it."""

    batch_id: str
    bank_file_id: str | None
    method: str
    trace_number: str | None
    bank_account_last4: str | None
    created_at: str
    in_transit_at: str | None
    paid_at: str | None
    failed_at: str | None
    failure_message: str | None


class BankFileAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A bank file."""

    bank_file_id: str
    name: str
    currency: str
    entry_count: int
    total: int
    state: str
    sha256: str


def settle(
    merchant_id: str,
    *,
    day: Day | None = None,
    no_wait: Annotated[bool, Parameter(negative=())] = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Settle a merchant: compute and post its batches, write the bank file, and deliver it.

    Args:
        merchant_id: The id of the merchant, such as mer_….
        day: The merchant's day, such as 2026-11-23; by default, the last one whose cut-off has passed. A day that isn't
            over ends now.
        no_wait: Return at once; the job goes on.
        api: The server and API key to use.
    """
    with api.client() as client:
        started = client.post(f"{_ROOT}/merchants/{merchant_id}/settle", {"day": day_text(day)})
        follow_job(client, started, api=api, should_wait=not no_wait)


@batches.command(name="list")
def list_batches(
    *,
    merchant: str | None = None,
    day: Day | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List batches, newest first.

    Args:
        merchant: Only those of this merchant, such as mer_….
        day: Only those of this day, such as 2026-11-23.
        limit: Maximum number of batches to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(f"{_ROOT}/batches", merchant_id=merchant, day=day_text(day), limit=limit, cursor=cursor)
        show_answer(answer, Page[BatchAnswer], api=api, show=_show_batches)


@batches.command(name="show")
def show_batch(batch_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a batch.

    Args:
        batch_id: The id of the batch, such as bat_….
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(f"{_ROOT}/batches/{batch_id}"), BatchAnswer, api=api, show=show_fields)


@payouts.command(name="list")
def list_payouts(
    *,
    merchant: str | None = None,
    state: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List payouts, newest first.

    Args:
        merchant: Only those of this merchant, such as mer_….
        state: Only those in this state: pending, in_transit, paid, failed or canceled.
        limit: Maximum number of payouts to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(f"{_ROOT}/payouts", merchant_id=merchant, state=state, limit=limit, cursor=cursor)
        show_answer(answer, Page[PayoutAnswer], api=api, show=_show_payouts)


@payouts.command(name="show")
def show_payout(payout_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a payout.

    Args:
        payout_id: The id of the payout, such as po_….
        api: The server and API key to use.
    """
    parse_argument_id(PAYOUT_PREFIX, payout_id, shown_by="ninefold payments payouts list")
    with api.client() as client:
        answer = client.get(f"{_ROOT}/payouts/{payout_id}")
        show_answer(answer, PayoutDetailsAnswer, api=api, show=_show_payout)


@bank_files.command(name="list")
def list_bank_files(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List bank files, newest first.

    Args:
        limit: Maximum number of files to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(f"{_ROOT}/bank-files", limit=limit, cursor=cursor)
        show_answer(answer, Page[BankFileAnswer], api=api, show=_show_files)


@bank_files.command(name="download")
def download_bank_file(bank_file_id: str, *, output: Path | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Download a bank file.

    Args:
        bank_file_id: The id of the file, such as bfl_….
        output: Where to write it; by default, to standard output.
        api: The server and API key to use.
    """
    with api.client() as client:
        content = client.get(f"{_ROOT}/bank-files/{bank_file_id}/content").content
    if output is None:
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    print_note(f"Wrote {len(content):,} bytes to {output}.")


def _show_batches(page: Page[BatchAnswer]) -> None:
    print_table(
        # What is taken from the merchant is negative.
        [
            "Batch",
            "Merchant",
            "Day",
            "Captures (+)",
            "Fees (-)",
            "Refunds (-)",
            "Payout",
            "Carried",
            "State",
            "Payout is",
        ],
        [
            [
                each.batch_id,
                each.merchant_id,
                each.day,
                amount_text(each.capture_amount, each.currency),
                amount_text(-each.fee_amount, each.currency),
                amount_text(each.refund_amount, each.currency),
                amount_text(each.payout_amount, each.currency),
                amount_text(each.carried_amount, each.currency),
                shown_state(each.state, reason=each.carried_reason),
                None if each.payout_state is None else shown_state(each.payout_state),
            ]
            for each in page.items
        ],
        empty="No batches yet. Settle a merchant: ninefold payments settle mer_…",
    )
    print_next_page(page)


def _show_payouts(page: Page[PayoutAnswer]) -> None:
    print_table(
        ["Payout", "Merchant", "Amount", "State", "Reference", "Arrives on", "Failure"],
        [
            [
                each.payout_id,
                each.merchant_id,
                amount_text(each.amount, each.currency),
                shown_state(each.state),
                each.reference,
                each.arrival_date,
                each.failure_code,
            ]
            for each in page.items
        ],
        empty="No payouts yet.",
    )
    print_next_page(page)


def _show_payout(payout: PayoutDetailsAnswer) -> None:
    fields = msgspec.structs.asdict(payout)
    del fields["currency"]
    print_fields({**fields, "amount": amount_text(payout.amount, payout.currency)})


def _show_files(page: Page[BankFileAnswer]) -> None:
    print_table(
        ["File", "Name", "Payouts", "Total", "State", "SHA-256"],
        [
            [
                each.bank_file_id,
                each.name,
                each.entry_count,
                amount_text(each.total, each.currency),
                shown_state(each.state),
                each.sha256,
            ]
            for each in page.items
        ],
        empty="No bank files yet.",
    )
    print_next_page(page)
